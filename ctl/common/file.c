// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

int file_read(FILE *in, size_t max, uint8_t **bytes, size_t *len)
{
	size_t room = 0;

	*bytes = NULL;
	*len = 0;
	do {
		uint8_t *more;

		if (*len + 1 >= room) {
			room = room ? 2 * room : 65536;
			more = realloc(*bytes, room);
			if (!more)
				return -ENOMEM;
			*bytes = more;
		}
		errno = 0;
		*len += fread(*bytes + *len, 1, room - *len - 1, in);
		if (ferror(in))
			return errno ? -errno : -EIO;
	} while (!feof(in) && *len <= max);
	(*bytes)[*len] = '\0';
	return *len > max ? -EFBIG : 0;
}

int file_write(FILE *out, const void *bytes, size_t len, bool (*cancelled)(void))
{
	errno = 0;
	if (fwrite(bytes, 1, len, out) != len || fflush(out))
		return errno ? -errno : -EIO;
	/* A pipe has no disk, nor has what is no file descriptor. */
	if (fileno(out) >= 0 && fsync(fileno(out)) && errno != EINVAL && errno != EROFS && errno != EBADF)
		return -errno;
	return cancelled && cancelled() ? -EINTR : 0;
}

int file_sync_folder(const char *name)
{
	char *copy = strdup(name);
	int fd, ret = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return ret;
}

int file_write_whole(const char *name, const void *bytes, size_t len, bool (*cancelled)(void))
{
	char *partial;
	FILE *out;
	int fd, ret;

	if (asprintf(&partial, "%s.part.XXXXXX", name) < 0)
		return -ENOMEM;
	fd = mkstemp(partial);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
	} else {
		ret = file_write(out, bytes, len, cancelled);
		if (fclose(out) && !ret)
			ret = -errno;
		if (!ret && rename(partial, name))
			ret = -errno;
		if (!ret)
			ret = file_sync_folder(name);
	}
	if (ret && fd >= 0)
		unlink(partial);
	free(partial);
	return ret;
}
