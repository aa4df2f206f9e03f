/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * system_call.bpf.h - the system call that is under way: its number and arguments.
 *
 * Inputs: the current task's saved registers.  Outputs: plain numbers.  It must not
 * know what the arguments mean.
 */
#ifndef REDTAP_SYSTEM_CALL_H
#define REDTAP_SYSTEM_CALL_H

#include "kernel/memory.bpf.h"

#if defined(__TARGET_ARCH_x86)

/* arch/x86/include/asm/thread_info.h: a 32-bit system call is under way. */
#define X86_TS_COMPAT 2

/*
 * From entry to return, the register of a system call's result holds this
 * (include/uapi/asm-generic/errno.h: ENOSYS).  io_uring receives and sends when a call
 * returns, whatever its result, and in threads of its own, whose registers are copies.
 */
#define X86_CALL_UNDER_WAY (-38)

/* arch/x86/entry/syscalls/syscall_64.tbl */
enum {
	CALL_READ = 0,
	CALL_WRITE = 1,
	CALL_READV = 19,
	CALL_WRITEV = 20,
	CALL_ACCEPT = 43,
	CALL_SENDTO = 44,
	CALL_RECVFROM = 45,
	CALL_SENDMSG = 46,
	CALL_RECVMSG = 47,
	CALL_ACCEPT4 = 288,
	CALL_RECVMMSG = 299,
	CALL_SENDMMSG = 307,
	CALL_PREADV2 = 327,
	CALL_PWRITEV2 = 328,
};

#define CALL_NUMBER(regs) KERNEL_READ(regs, orig_ax)
#define CALL_SECOND(regs) KERNEL_READ(regs, si)
#define CALL_THIRD(regs) KERNEL_READ(regs, dx)
#define CALL_UNDER_WAY(regs) ((long)KERNEL_READ(regs, ax) == X86_CALL_UNDER_WAY)
/* The numbers of 32-bit calls mean something else. */
#define CALL_32_BIT(task) (KERNEL_READ(task, thread_info.status) & X86_TS_COMPAT)

#elif defined(__TARGET_ARCH_arm64)

/* include/uapi/asm-generic/unistd.h */
enum {
	CALL_READ = 63,
	CALL_WRITE = 64,
	CALL_READV = 65,
	CALL_WRITEV = 66,
	CALL_ACCEPT = 202,
	CALL_SENDTO = 206,
	CALL_RECVFROM = 207,
	CALL_SENDMSG = 211,
	CALL_RECVMSG = 212,
	CALL_ACCEPT4 = 242,
	CALL_RECVMMSG = 243,
	CALL_SENDMMSG = 269,
	CALL_PREADV2 = 286,
	CALL_PWRITEV2 = 287,
};

#define CALL_NUMBER(regs) KERNEL_READ(regs, syscallno)
#define CALL_SECOND(regs) KERNEL_READ(regs, regs[1])
#define CALL_THIRD(regs) KERNEL_READ(regs, regs[2])
#define CALL_UNDER_WAY(regs) true
#define CALL_32_BIT(task) false

#endif

#ifdef REDTAP_LEGACY

/* x86-64 kernel stacks: saved registers lie at their upper end. */
#define X86_THREAD_SIZE 16384
#define X86_PT_REGS_SIZE 168

static __always_inline struct task_struct *task_current(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

static __always_inline struct pt_regs *task_registers(struct task_struct *task)
{
	return (struct pt_regs *)(BPF_CORE_READ(task, stack) + X86_THREAD_SIZE - X86_PT_REGS_SIZE);
}

#else

/* Kernel 5.11. */
static __always_inline struct task_struct *task_current(void)
{
	return bpf_get_current_task_btf();
}

/* The registers that its system call has saved.  Kernel 5.15. */
static __always_inline struct pt_regs *task_registers(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

#endif

/* The system call's number and its second and third argument; -1: not known. */
static __always_inline int call_arguments(__u64 *second, __u64 *third)
{
	struct task_struct *task = task_current();
	struct pt_regs *regs = task_registers(task);

	if (CALL_32_BIT(task) || !CALL_UNDER_WAY(regs))
		return -1;
	*second = CALL_SECOND(regs);
	*third = CALL_THIRD(regs);
	return CALL_NUMBER(regs);
}

/* Whether the system call that the current task returns from is accept() or accept4(). */
static __always_inline bool call_is_accept(struct pt_regs *regs)
{
	long number = CALL_NUMBER(regs);

	return (number == CALL_ACCEPT || number == CALL_ACCEPT4) && !CALL_32_BIT(task_current());
}

#endif
