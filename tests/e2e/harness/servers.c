/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * servers.c - see servers.h.
 */
#include "harness/servers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/harness.h"

static const char nginx_configuration[] =
	"daemon off;\n"
	"worker_processes 2;\n"
	"pid %s/nginx.pid;\n"
	"error_log stderr notice;\n"
	"events { worker_connections 512; }\n"
	"http {\n"
	"	access_log off;\n"
	"	sendfile on;\n"
	"	keepalive_requests 1000000;\n"
	"	client_body_temp_path %s/body;\n"
	"	proxy_temp_path %s/proxy;\n"
	"	fastcgi_temp_path %s/fastcgi;\n"
	"	uwsgi_temp_path %s/uwsgi;\n"
	"	scgi_temp_path %s/scgi;\n"
	"	server {\n"
	"		listen 127.0.0.1:%u;\n"
	"		root %s/www;\n"
	"		client_max_body_size 20m;\n"
	"		large_client_header_buffers 4 256k;\n"
	"		location = /hello { return 200 \"hello\\n\"; }\n"
	"		%s\n"
	"	}\n"
	"}\n";

/* The number after text in a server's output. */
static uint16_t port_behind(const char *output, const char *text)
{
	const char *at = strstr(output, text);
	unsigned int port = 0;

	if (!at || sscanf(at + strlen(text), "%u", &port) != 1 || port == 0 || port > 65535)
		fail_msg("no port after '%s' in: %s", text, output);
	return port;
}

static struct server make_server(struct process *process, uint16_t port)
{
	return (struct server){ .process = process, .pid = process->pid, .port = port };
}

struct server server_start_webapp(const char *model, int workers, const char *host)
{
	const char *argv[] = { path_build("webapp"),       "--port",  "0",   "--workers",
			       text_format("%d", workers), "--model", model, "--host",
			       host ? host : "127.0.0.1",  NULL };
	struct process *process = process_start(&(struct process_options){
		.name = "webapp", .argv = argv, .death_signal = SIGTERM });
	const char *colon;
	uint16_t port;
	char *output;

	process_wait_out(process, "\n", DEADLINE_S);
	output = process_out(process);
	assert_non_null(strstr(output, "webapp: listening on "));
	/* The last colon, because an IPv6 address contains colons. */
	colon = strrchr(output, ':');
	assert_non_null(colon);
	port = port_behind(colon, ":");
	free(output);
	return make_server(process, port);
}

/* scratch/www/file.bin */
static const char *make_directory(void)
{
	const char *directory = path_scratch("www");
	char *bytes = malloc(SERVED_FILE_BYTES);
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < SERVED_FILE_BYTES; i++)
		bytes[i] = 'a' + i % 26;
	assert_true(mkdir(directory, 0755) == 0 || errno == EEXIST);
	file_write(path_scratch("www/file.bin"), bytes, SERVED_FILE_BYTES);
	free(bytes);
	return directory;
}

struct listener {
	struct process *process;
	uint16_t port;
};

static bool accepts(void *context)
{
	const struct listener *listener = context;
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(listener->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected;

	assert_true(fd >= 0);
	connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	/* The caller detects that the server has ended. */
	return connected || !process_is_running(listener->process);
}

static void wait_for_port(struct process *process, uint16_t port)
{
	struct listener listener = { .process = process, .port = port };

	if (!wait_until(accepts, &listener, DEADLINE_S) || !process_is_running(process))
		fail_msg("%s does not accept on port %u; standard error: %s", process->name, port,
			 process_err(process));
}

struct server server_start_command(const char *name, const char *const *argv, uint16_t port)
{
	struct process *process = process_start(
		&(struct process_options){ .name = name, .argv = argv, .death_signal = SIGTERM });

	wait_for_port(process, port);
	return make_server(process, port);
}

struct server server_start_nginx(void)
{
	return server_start_nginx_with("");
}

struct server server_start_nginx_with(const char *more)
{
	char text[4096];
	const uint16_t port = port_free(SOCK_STREAM);
	const char *prefix = path_scratch("");
	const char *file = path_scratch("nginx.conf");
	const char *argv[] = { "nginx", "-c", file, "-e", "stderr", "-p", prefix, NULL };
	int length;

	make_directory();
	length = snprintf(text, sizeof(text), nginx_configuration, prefix, prefix, prefix, prefix,
			  prefix, prefix, port, prefix, more);
	assert_true(length > 0 && (size_t)length < sizeof(text));
	file_write(file, text, length);
	return server_start_command("nginx", argv, port);
}

struct server server_start_websockify(uint16_t target_port)
{
	const uint16_t port = port_free(SOCK_STREAM);
	const char *argv[] = { "websockify", text_format("127.0.0.1:%u", port),
			       text_format("127.0.0.1:%u", target_port), NULL };

	return server_start_command("websockify", argv, port);
}

struct server server_start_flask(const char *application, int workers,
				 const char *const *environment)
{
	const char *argv[] = { "gunicorn",
			       "--bind",
			       "127.0.0.1:0",
			       "--workers",
			       text_format("%d", workers),
			       "--worker-class",
			       "sync",
			       "--pythonpath",
			       path_source("tests/e2e/apps"),
			       text_format("%s:app", application),
			       NULL };
	/* Keeps compiled files out of the source tree. */
	const char *all[16] = { "PYTHONDONTWRITEBYTECODE=1" };
	struct process *process;
	size_t count = 1;
	uint16_t port;
	char *output;

	for (; environment && *environment; environment++) {
		assert_true(count + 1 < ROWS(all));
		all[count++] = *environment;
	}
	process = process_start(&(struct process_options){
		.name = "gunicorn", .argv = argv, .environment = all, .death_signal = SIGTERM });
	process_wait_err(process, "Listening at: ", DEADLINE_S);
	output = process_err(process);
	port = port_behind(output, "Listening at: http://127.0.0.1:");
	free(output);
	return make_server(process, port);
}

struct server server_start_gunicorn(void)
{
	return server_start_gunicorn_workers(2);
}

struct server server_start_gunicorn_workers(int workers)
{
	return server_start_flask("flask_app", workers, NULL);
}

struct server server_start_python(void)
{
	const char *argv[] = { "python3", "-u",        "-m",          "http.server",    "0",
			       "--bind",  "127.0.0.1", "--directory", make_directory(), NULL };
	struct process *process = process_start(&(struct process_options){
		.name = "http.server", .argv = argv, .death_signal = SIGTERM });
	uint16_t port;
	char *output;

	process_wait_out(process, "Serving HTTP on ", DEADLINE_S);
	process_wait_out(process, " port ", DEADLINE_S);
	process_wait_out(process, "\n", DEADLINE_S);
	output = process_out(process);
	port = port_behind(output, " port ");
	free(output);
	return make_server(process, port);
}
