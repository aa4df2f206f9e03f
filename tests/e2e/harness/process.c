/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * process.c - see process.h.
 */
#include "harness/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/harness.h"

/* The usual user and group without rights ("nobody"). */
#define NOBODY_ID 65534

static int open_capture(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		fail_msg("cannot create '%s': %s", path, strerror(errno));
	return fd;
}

/* In the child, between fork and exec. */
static void become(const struct process_options *options, pid_t parent, int out, int err)
{
	const char *const *variable;
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	for (variable = options->environment; variable && *variable; variable++)
		putenv((char *)*variable);
	if (options->as_nobody &&
	    (setgroups(0, NULL) || setresgid(NOBODY_ID, NOBODY_ID, NOBODY_ID) ||
	     setresuid(NOBODY_ID, NOBODY_ID, NOBODY_ID)))
		_exit(126);
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, options->death_signal ? options->death_signal : SIGKILL);
	if (getppid() != parent)
		_exit(126);
	if (options->run) {
		/* the child must not run the test's exit handlers */
		alarm(0);
		_exit(options->run(options->context));
	}
	execvp(options->argv[0], (char *const *)options->argv);
	dprintf(STDERR_FILENO, "cannot run '%s': %s\n", options->argv[0], strerror(errno));
	_exit(127);
}

static bool has_ended(void *context)
{
	return !process_is_running(context);
}

static void process_release(void *object)
{
	struct process *process = object;

	if (process_is_running(process)) {
		kill(process->pid, process->death_signal);
		if (!wait_until(has_ended, process, 5.0)) {
			fprintf(stderr, "%s did not end by signal %d within 5 s\n", process->name,
				process->death_signal);
			kill(-process->pid, SIGKILL);
			wait_until(has_ended, process, 5.0);
		}
	}
	free(process);
}

struct process *process_start(const struct process_options *options)
{
	static unsigned int serial;
	struct process *process = calloc(1, sizeof(*process));
	const pid_t parent = getpid();
	int out, err;

	assert_non_null(process);
	process->name = options->name;
	process->death_signal = options->death_signal ? options->death_signal : SIGKILL;
	serial++;
	snprintf(process->out_path, sizeof(process->out_path), "%s",
		 path_scratch(text_format("%s.%u.out", options->name, serial)));
	snprintf(process->err_path, sizeof(process->err_path), "%s",
		 path_scratch(text_format("%s.%u.err", options->name, serial)));
	out = options->out_fd > 0 ? options->out_fd : open_capture(process->out_path);
	err = open_capture(process->err_path);
	fflush(NULL);
	process->pid = fork();
	if (process->pid < 0)
		fail_msg("cannot fork: %s", strerror(errno));
	if (process->pid == 0)
		become(options, parent, out, err);
	if (out != options->out_fd)
		close(out);
	close(err);
	harness_on_teardown(process_release, process);
	return process;
}

bool process_is_running(struct process *process)
{
	if (process->pid == 0)
		return false;
	if (waitpid(process->pid, &process->status, WNOHANG) != process->pid)
		return true;
	process->pid = 0;
	return false;
}

char *process_out(const struct process *process)
{
	return file_read(process->out_path, NULL);
}

char *process_err(const struct process *process)
{
	return file_read(process->err_path, NULL);
}

static bool file_has(const char *path, const char *text)
{
	size_t length;
	char *bytes = file_read(path, &length);
	const bool found = bytes_contain(bytes, length, text);

	free(bytes);
	return found;
}

static void wait_for_text(struct process *process, const char *path, const char *text,
			  double seconds)
{
	const double end = clock_s() + seconds;

	for (;;) {
		/* Checked before the text: text written just before the end still counts. */
		const bool running = process_is_running(process);

		if (file_has(path, text))
			return;
		if (!running)
			fail_msg("%s ended without '%s'; standard error: %s", process->name, text,
				 process_err(process));
		if (clock_s() > end)
			fail_msg("%s: no '%s' within %.0f s; standard error: %s", process->name,
				 text, seconds, process_err(process));
		pause_briefly();
	}
}

void process_wait_out(struct process *process, const char *text, double seconds)
{
	wait_for_text(process, process->out_path, text, seconds);
}

void process_wait_err(struct process *process, const char *text, double seconds)
{
	wait_for_text(process, process->err_path, text, seconds);
}

void process_signal(struct process *process, int signal_number)
{
	if (!process_is_running(process))
		fail_msg("%s has ended already; standard error: %s", process->name,
			 process_err(process));
	assert_int_equal(kill(process->pid, signal_number), 0);
}

/* The parent is notified only when the last thread has stopped. */
static bool has_stopped(void *context)
{
	const struct process *process = context;
	siginfo_t info = { .si_pid = 0 };

	assert_int_equal(waitid(P_PID, process->pid, &info, WSTOPPED | WNOHANG), 0);
	return info.si_pid == process->pid;
}

/*
 * The signal is only a request: one thread takes it and stops the others once
 * it has a CPU. Until then they continue to read.
 */
void process_stop(struct process *process)
{
	process_signal(process, SIGSTOP);
	if (!wait_until(has_stopped, process, DEADLINE_S))
		fail_msg("%s has not stopped within %.0f s", process->name, DEADLINE_S);
}

int process_wait(struct process *process, double seconds)
{
	if (!wait_until(has_ended, process, seconds))
		fail_msg("%s has not ended within %.0f s; standard error: %s", process->name,
			 seconds, process_err(process));
	return process->status;
}

int process_end(struct process *process, int signal_number)
{
	process_signal(process, signal_number);
	return process_wait(process, DEADLINE_S);
}

void process_assert_exit(const struct process *process, int expected)
{
	assert_int_equal(process->pid, 0);
	if (!WIFEXITED(process->status))
		fail_msg("%s ended by signal %d; standard error: %s", process->name,
			 WTERMSIG(process->status), process_err(process));
	if (WEXITSTATUS(process->status) != expected)
		fail_msg("%s: exit status %d, expected %d; standard error: %s", process->name,
			 WEXITSTATUS(process->status), expected, process_err(process));
}

/* Parent of a process; 0 when it is gone or a zombie. */
static pid_t parent_of(pid_t pid)
{
	char text[1024], status;
	const char *after_name;
	FILE *file = fopen(text_format("/proc/%d/stat", (int)pid), "r");
	size_t length;
	int parent = 0;

	if (!file)
		return 0;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	/* The name is in parentheses and may itself contain parentheses. */
	after_name = strrchr(text, ')');
	if (!after_name || sscanf(after_name, ") %c %d", &status, &parent) != 2 || status == 'Z')
		return 0;
	return parent;
}

bool process_exists(pid_t pid)
{
	return parent_of(pid) != 0;
}

size_t process_children(pid_t pid, pid_t *children, size_t size)
{
	/* Not every kernel has /proc/PID/task/TID/children. */
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(directory);
	while (count < size && (entry = readdir(directory))) {
		const pid_t candidate = atoi(entry->d_name);

		if (candidate > 0 && parent_of(candidate) == pid)
			children[count++] = candidate;
	}
	closedir(directory);
	return count;
}
