/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * capabilities.c - see capabilities.h.
 */
#include "kernel/capabilities.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernel 5.8 split the first two from CAP_SYS_ADMIN, which still includes them. */
const struct capability capabilities[CAPABILITY_COUNT] = {
	{ "CAP_BPF", "to load programs and maps", true, true, CAP_BPF },
	{ "CAP_PERFMON", "to attach programs and read memory with them", true, true, CAP_PERFMON },
	{ "CAP_SYS_PTRACE", "to see the sockets of other users' processes", false, false,
	  CAP_SYS_PTRACE },
	{ "CAP_DAC_READ_SEARCH", "to see the sockets of other users' processes", false, false,
	  CAP_DAC_READ_SEARCH },
};

static bool number_held(unsigned int number)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(number)].effective & CAP_TO_MASK(number);
}

bool capability_held(const struct capability *capability)
{
	return number_held(capability->number) ||
	       (capability->admin_stands_for && number_held(CAP_SYS_ADMIN));
}

size_t capabilities_missing(bool to_load, char text[CAPABILITY_TEXT_MAX])
{
	size_t i, used = 0, missing = 0;

	text[0] = '\0';
	for (i = 0; i < CAPABILITY_COUNT; i++) {
		if ((to_load && !capabilities[i].to_load) || capability_held(&capabilities[i]))
			continue;
		used += (size_t)snprintf(text + used, CAPABILITY_TEXT_MAX - used, "%s%s",
					 missing++ ? " and " : "", capabilities[i].name);
	}
	return missing;
}

const char *capabilities_advice(void)
{
	if (geteuid() == 0 || access("/.dockerenv", F_OK) == 0 ||
	    access("/run/.containerenv", F_OK) == 0)
		return "add it in 'cap_add' of the container, or AmbientCapabilities= of the unit";
	return "run with sudo";
}
