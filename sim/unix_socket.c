// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unix_socket.h"

/* Returns a socket and the address of `path`, or -1 with the error written. */
static int new_socket(const char *path, int flags, struct sockaddr_un *address, char *error, size_t error_size)
{
	int fd;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path)) {
		snprintf(error, error_size, "%s: longer than %zu bytes", path, sizeof(address->sun_path) - 1);
		return -1;
	}
	strcpy(address->sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
	return fd;
}

int unix_connect(const char *path, char *error, size_t error_size)
{
	struct sockaddr_un address;
	int fd = new_socket(path, 0, &address, error, error_size);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* A socket that refuses connections has no process behind it. */
static int is_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), stale;

	if (fd < 0)
		return 0;
	stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno == ECONNREFUSED;
	close(fd);
	return stale;
}

int unix_listen(const char *path, char *error, size_t error_size)
{
	struct sockaddr_un address;
	int fd = new_socket(path, SOCK_NONBLOCK, &address, error, error_size), bound;

	if (fd < 0)
		return -1;
	bound = !bind(fd, (struct sockaddr *)&address, sizeof(address));
	if (!bound && errno == EADDRINUSE && is_stale(&address)) {
		unlink(path);
		bound = !bind(fd, (struct sockaddr *)&address, sizeof(address));
	}
	if (!bound || listen(fd, 4)) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}
