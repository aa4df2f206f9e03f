/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * serve.c - see serve.h.
 */
#include "serve.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"

#define EVENTS 64
#define STACK_BYTES (128 * 1024)

/* After a failed accept: 0 to continue, -errno when trying again cannot help. */
static int accept_failure(int error)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000 };

	switch (error) {
	case EAGAIN: /* another worker was faster */
	case EINTR:
	case ECONNABORTED: /* the client is gone already */
	case EPROTO:
	case EPERM: /* rejected by a firewall rule */
		return 0;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		/* No descriptor or memory is free yet: wait before trying again. */
		nanosleep(&pause, NULL);
		return 0;
	default:
		return -error;
	}
}

/* A connection and the events registered for it with epoll. */
struct watched {
	struct connection *connection;
	uint32_t events;
};

/* Runs the connection, then registers what it waits for next, or closes it. */
static void run_watched(int epoll, struct watched *watched)
{
	const enum connection_need need = connection_run(watched->connection);
	struct epoll_event event = { .events = need == NEED_INPUT ? EPOLLIN : EPOLLOUT,
				     .data.ptr = watched };
	const int operation = watched->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (need != NEED_CLOSE && event.events == watched->events)
		return;
	if (need != NEED_CLOSE &&
	    epoll_ctl(epoll, operation, connection_fd(watched->connection), &event) == 0) {
		watched->events = event.events;
		return;
	}
	connection_close(watched->connection);
	free(watched);
}

/* Without "exclusive" each new client would wake every worker. */
static int watch_listener(int epoll, int listener)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = NULL };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0 ? 0 : -errno;
}

/*
 * The kernel wakes the worker at the head of the listener's wait queue, so one
 * worker would get nearly all clients: register again, to move to the end of
 * the queue.
 */
static int requeue_listener(int epoll, int listener)
{
	if (epoll_ctl(epoll, EPOLL_CTL_DEL, listener, NULL) != 0)
		return -errno;
	return watch_listener(epoll, listener);
}

/* 0, or -errno when the listener cannot be used any more. */
static int accept_watched(int epoll, int listener)
{
	struct watched *watched;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int err;

	if (fd < 0)
		return accept_failure(errno);
	err = requeue_listener(epoll, listener);
	watched = calloc(1, sizeof(*watched));
	if (!watched) {
		close(fd);
		return err;
	}
	watched->connection = connection_open(fd, RECEIVE_RECV);
	if (watched->connection)
		run_watched(epoll, watched);
	else
		free(watched);
	return err;
}

int serve_epoll(int listener)
{
	struct epoll_event events[EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int i, count, err;

	if (epoll < 0)
		return -errno;
	err = watch_listener(epoll, listener);
	while (!err) {
		count = epoll_wait(epoll, events, EVENTS, -1);
		if (count < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < count; i++) {
			/* Accept one client at a time, so that a burst spreads over the workers. */
			if (!events[i].data.ptr)
				err = accept_watched(epoll, listener);
			else
				run_watched(epoll, events[i].data.ptr);
		}
	}
	return err;
}

static void *connection_main(void *argument)
{
	struct connection *connection = argument;

	/* On a blocking socket, NEED_OUTPUT only means that the turn is over. */
	while (connection_run(connection) != NEED_CLOSE)
		;
	connection_close(connection);
	return NULL;
}

int serve_threads(int listener)
{
	struct connection *connection;
	pthread_attr_t attributes;
	pthread_t thread;
	int fd, err;

	err = -pthread_attr_init(&attributes);
	if (!err)
		err = -pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (!err)
		err = -pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (!err) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0) {
			err = accept_failure(errno);
			continue;
		}
		connection = connection_open(fd, RECEIVE_READ);
		/* If no thread can be created, close the client's connection. */
		if (connection &&
		    pthread_create(&thread, &attributes, connection_main, connection) != 0)
			connection_close(connection);
	}
	return err;
}
