/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * wire.c - see wire.h.
 */
#include "harness/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness/harness.h"

#define DEVICE "wire0"
#define PACKET_MAX 1600
/* Packets on their way in one direction; more are dropped, as on any network. */
#define PACKETS_MAX 1024

struct packet {
	uint64_t due_ns;
	size_t length;
	unsigned char bytes[PACKET_MAX];
};

/* Packets from one end to the other. */
struct lane {
	int from, to;
	size_t first, count;
	struct packet packets[PACKETS_MAX];
};

struct wire {
	uint64_t delay_ns;
	int home; /* the namespace in which the test began */
	int spaces[WIRE_ENDS];
	int devices[WIRE_ENDS];
	int stop; /* eventfd */
	pthread_t thread;
	struct lane lanes[WIRE_ENDS];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* ---- the thread ------------------------------------------------------- */

static void lane_take(struct lane *lane, uint64_t due_ns)
{
	struct packet *packet = &lane->packets[(lane->first + lane->count) % PACKETS_MAX];
	unsigned char spare[PACKET_MAX];
	const bool room = lane->count < PACKETS_MAX;
	const ssize_t length = read(lane->from, room ? packet->bytes : spare, PACKET_MAX);

	if (length <= 0 || !room)
		return;
	packet->length = length;
	packet->due_ns = due_ns;
	lane->count++;
}

/* Forwards the packets that are due; returns when the next one is due, 0: none. */
static uint64_t lane_give(struct lane *lane)
{
	while (lane->count > 0) {
		const struct packet *packet = &lane->packets[lane->first];

		if (packet->due_ns > now_ns())
			return packet->due_ns;
		if (write(lane->to, packet->bytes, packet->length) < 0)
			fprintf(stderr, "wire: %s\n", strerror(errno));
		lane->first = (lane->first + 1) % PACKETS_MAX;
		lane->count--;
	}
	return 0;
}

static void *carry(void *argument)
{
	struct wire *wire = argument;

	for (;;) {
		struct pollfd waits[] = {
			{ .fd = wire->lanes[0].from, .events = POLLIN },
			{ .fd = wire->lanes[1].from, .events = POLLIN },
			{ .fd = wire->stop, .events = POLLIN },
		};
		const uint64_t a = lane_give(&wire->lanes[0]), b = lane_give(&wire->lanes[1]);
		const uint64_t due = !a || (b && b < a) ? b : a, now = now_ns();
		const uint64_t wait_ns = due > now ? due - now : 0;
		const struct timespec wait = { wait_ns / 1000000000, wait_ns % 1000000000 };

		if (ppoll(waits, 3, due ? &wait : NULL, NULL) < 0 && errno != EINTR)
			return NULL;
		if (waits[2].revents)
			return NULL;
		if (waits[0].revents)
			lane_take(&wire->lanes[0], now_ns() + wire->delay_ns);
		if (waits[1].revents)
			lane_take(&wire->lanes[1], now_ns() + wire->delay_ns);
	}
}

/* ---- namespaces ------------------------------------------------------- */

static int space_open(void)
{
	const int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void space_enter(int fd)
{
	if (setns(fd, CLONE_NEWNET))
		fail_msg("cannot enter a network namespace: %s", strerror(errno));
}

static void interface_up(int control, const char *name)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(control, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags |= IFF_UP;
	assert_int_equal(ioctl(control, SIOCSIFFLAGS, &request), 0);
}

static void interface_address(int control, unsigned long what, const char *address)
{
	struct ifreq request = { .ifr_name = DEVICE };
	struct sockaddr_in *place = (struct sockaddr_in *)&request.ifr_addr;

	place->sin_family = AF_INET;
	assert_int_equal(inet_pton(AF_INET, address, &place->sin_addr), 1);
	assert_int_equal(ioctl(control, what, &request), 0);
}

/* Creates a namespace with one end of the wire, and enters it. */
static void end_open(struct wire *wire, enum wire_end end, const char *here, const char *there)
{
	struct ifreq request = { .ifr_name = DEVICE, .ifr_flags = IFF_TUN | IFF_NO_PI };
	int control;

	if (unshare(CLONE_NEWNET))
		fail_msg("cannot make a network namespace: %s", strerror(errno));
	wire->spaces[end] = space_open();
	wire->devices[end] = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (wire->devices[end] < 0 || ioctl(wire->devices[end], TUNSETIFF, &request))
		fail_msg("cannot make a TUN device: %s", strerror(errno));
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(control >= 0);
	interface_address(control, SIOCSIFADDR, here);
	interface_address(control, SIOCSIFDSTADDR, there);
	interface_up(control, DEVICE);
	interface_up(control, "lo");
	close(control);
}

static void wire_release(void *object)
{
	const uint64_t one = 1;
	struct wire *wire = object;
	size_t i;

	if (write(wire->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(wire->thread, NULL);
	for (i = 0; i < WIRE_ENDS; i++) {
		close(wire->devices[i]);
		close(wire->spaces[i]);
	}
	close(wire->stop);
	close(wire->home);
	free(wire);
}

struct wire *wire_open(unsigned int delay_ms)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	assert_non_null(wire);
	wire->delay_ns = delay_ms * 1000000ULL;
	wire->home = space_open();
	end_open(wire, WIRE_SERVER, WIRE_SERVER_ADDRESS, WIRE_CLIENT_ADDRESS);
	space_enter(wire->home);
	end_open(wire, WIRE_CLIENT, WIRE_CLIENT_ADDRESS, WIRE_SERVER_ADDRESS);
	space_enter(wire->home);
	wire->lanes[0].from = wire->lanes[1].to = wire->devices[WIRE_SERVER];
	wire->lanes[0].to = wire->lanes[1].from = wire->devices[WIRE_CLIENT];
	wire->stop = eventfd(0, EFD_CLOEXEC);
	assert_true(wire->stop >= 0);
	assert_int_equal(pthread_create(&wire->thread, NULL, carry, wire), 0);
	harness_on_teardown(wire_release, wire);
	return wire;
}

void wire_enter(const struct wire *wire, enum wire_end end)
{
	space_enter(wire->spaces[end]);
}

void wire_leave(const struct wire *wire)
{
	space_enter(wire->home);
}
