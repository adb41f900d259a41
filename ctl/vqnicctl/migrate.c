// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migrate.h"

/* Bytes of a state: more are refused unread. */
#define STATE_BYTES_MAX (16 << 20)

__attribute__((format(printf, 3, 4)))
static int fail(const struct session *session, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(session->why, WHY_BYTES, format, args);
	va_end(args);
	return err;
}

/* ---- in ---- */

/* Reads all of `in` to new memory, which the caller frees. */
static int read_all(FILE *in, uint8_t **bytes, size_t *len)
{
	size_t room = 0;

	*bytes = NULL;
	*len = 0;
	do {
		uint8_t *more;

		if (*len == room) {
			room = room ? 2 * room : 65536;
			more = realloc(*bytes, room);
			if (!more)
				return -ENOMEM;
			*bytes = more;
		}
		errno = 0;
		*len += fread(*bytes + *len, 1, room - *len, in);
		if (ferror(in))
			return errno ? -errno : -EIO;
	} while (!feof(in) && *len <= STATE_BYTES_MAX);
	return *len > STATE_BYTES_MAX ? -EFBIG : 0;
}

static int read_file(const struct session *session, const char *file, uint8_t **bytes, size_t *len)
{
	FILE *in = file ? fopen(file, "re") : session->in;
	const char *name = file ? file : "the standard input";
	int ret;

	*bytes = NULL;
	if (!in)
		return fail(session, -errno, "cannot open %s: %s", name, strerror(errno));
	ret = read_all(in, bytes, len);
	if (file)
		fclose(in);
	return ret ? fail(session, ret, "cannot read %s: %s", name, strerror(-ret)) : 0;
}

int state_load(const struct session *session, const char *card, const char *dev, const char *file)
{
	uint8_t *bytes;
	size_t len;
	int ret;

	ret = read_file(session, file, &bytes, &len);
	if (!ret)
		ret = vqnic_state_load(session->vq, card, dev, bytes, len);
	free(bytes);
	return ret;
}

int state_show(const struct session *session, const char *file, struct show *show)
{
	struct vqnic_state state;
	uint8_t *bytes;
	size_t len;
	int ret;

	ret = read_file(session, file, &bytes, &len);
	if (!ret)
		ret = vqnic_state_read(session->vq, bytes, len, &state);
	if (!ret)
		show_state(&state, show);
	free(bytes);
	return ret;
}

/* ---- out ---- */

static volatile sig_atomic_t told_to_end;

static void tell_to_end(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
#define ENDS (sizeof(ends) / sizeof(ends[0]))

/* A device that was suspended must not be left so: while it is, signals end writing and not the program. */
static void catch_signals(struct sigaction old[static ENDS])
{
	/* Without SA_RESTART: a write that waits ends. */
	const struct sigaction action = { .sa_handler = tell_to_end };

	told_to_end = 0;
	for (size_t i = 0; i < ENDS; i++)
		sigaction(ends[i], &action, &old[i]);
}

static void restore_signals(const struct sigaction old[static ENDS])
{
	for (size_t i = 0; i < ENDS; i++)
		sigaction(ends[i], &old[i], NULL);
}

/* All of it is where it is to be, on a disk if there is one, or an error is returned. */
static int write_all(FILE *out, const uint8_t *bytes, size_t len)
{
	errno = 0;
	if (fwrite(bytes, 1, len, out) != len || fflush(out))
		return errno ? -errno : -EIO;
	/* A pipe has no disk, nor has what is no file descriptor. */
	if (fileno(out) >= 0 && fsync(fileno(out)) && errno != EINVAL && errno != EROFS && errno != EBADF)
		return -errno;
	return told_to_end ? -EINTR : 0;
}

/* The name of a file in its folder is on the disk, too. */
static int sync_folder(const char *file)
{
	char *copy = strdup(file);
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

/* Writes to what is there and no file: a device, a FIFO. */
static int write_through(const char *name, const uint8_t *bytes, size_t len)
{
	FILE *out = fopen(name, "we");
	int ret;

	if (!out)
		return -errno;
	ret = write_all(out, bytes, len);
	if (fclose(out) && !ret)
		ret = -errno;
	return ret;
}

/* Writes a file that nobody sees before it is whole: what was there of that name stays until then. */
static int write_whole(const char *name, const uint8_t *bytes, size_t len)
{
	char *partial;
	FILE *out;
	int fd, ret;

	if (asprintf(&partial, "%s.XXXXXX", name) < 0)
		return -ENOMEM;
	fd = mkstemp(partial);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
	} else {
		ret = write_all(out, bytes, len);
		if (fclose(out) && !ret)
			ret = -errno;
		if (!ret && rename(partial, name))
			ret = -errno;
		if (!ret)
			ret = sync_folder(name);
	}
	if (ret && fd >= 0)
		unlink(partial);
	free(partial);
	return ret;
}

static int write_file(const char *file, const uint8_t *bytes, size_t len)
{
	struct stat stat_of;
	char *name;
	int ret;

	if (!stat(file, &stat_of) && !S_ISREG(stat_of.st_mode))
		return write_through(file, bytes, len);
	/* A link stays one. */
	name = realpath(file, NULL);
	ret = write_whole(name ? name : file, bytes, len);
	free(name);
	return ret;
}

static int write_state(const struct session *session, const char *file, const uint8_t *bytes, size_t len)
{
	int ret;

	ret = file ? write_file(file, bytes, len) : write_all(session->file, bytes, len);
	if (!ret)
		return 0;
	return fail(session, ret, "cannot write %s: %s", file ? file : "the standard output", strerror(-ret));
}

static int keep_state(const struct vqnic_dev *dev, void *opaque)
{
	*(uint32_t *)opaque = dev->state;
	return 0;
}

static int save_suspended(const struct session *session, const char *card, const char *dev, const char *file)
{
	uint8_t *bytes = NULL;
	size_t len;
	int ret;

	ret = vqnic_state_save(session->vq, card, dev, &bytes, &len);
	if (!ret)
		ret = write_state(session, file, bytes, len);
	free(bytes);
	return ret;
}

int state_save(const struct session *session, const char *card, const char *dev, const char *file)
{
	struct sigaction old[ENDS];
	bool suspended = false;
	uint32_t state;
	int ret;

	if (!file && isatty(fileno(session->file)))
		return fail(session, -ENOTTY, "a state is not for a terminal: give -o FILE, or a pipe");
	ret = vqnic_devs(session->vq, card, dev, keep_state, &state);
	if (ret)
		return ret;
	catch_signals(old);
	if (state != VQNIC_DEV_STATE_SUSPENDED) {
		ret = vqnic_suspend(session->vq, card, dev);
		suspended = !ret;
	}
	if (!ret)
		ret = save_suspended(session, card, dev, file);
	if (ret && suspended) {
		char why[WHY_BYTES];
		int err;

		snprintf(why, sizeof(why), "%s", *session->why ? session->why : vqnic_error(session->vq));
		err = vqnic_resume(session->vq, card, dev);
		if (err)
			fail(session, ret, "%.300s; the device stays suspended: %.150s", why, vqnic_error(session->vq));
		else
			fail(session, ret, "%.450s; the device goes on", why);
	}
	restore_signals(old);
	return ret;
}
