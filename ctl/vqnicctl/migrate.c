// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "migrate.h"

/* ---- in ---- */

static int read_file(const struct session *session, const char *file, uint8_t **bytes, size_t *len)
{
	FILE *in = file ? fopen(file, "re") : session->in;
	const char *name = file ? file : "the standard input";
	int ret;

	*bytes = NULL;
	if (!in)
		return session_fail(session, -errno, "cannot open %s: %s", name, strerror(errno));
	ret = file_read(in, VQNIC_STATE_BYTES_MAX, bytes, len);
	if (file)
		fclose(in);
	return ret ? session_fail(session, ret, "cannot read %s: %s", name, strerror(-ret)) : 0;
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

static bool cancelled(void)
{
	return told_to_end;
}

/* Writes to what is there and no file: a device, a FIFO. */
static int write_through(const char *name, const uint8_t *bytes, size_t len)
{
	FILE *out = fopen(name, "we");
	int ret;

	if (!out)
		return -errno;
	ret = file_write(out, bytes, len, cancelled);
	if (fclose(out) && !ret)
		ret = -errno;
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
	ret = file_write_whole(name ? name : file, bytes, len, cancelled);
	free(name);
	return ret;
}

static int write_state(const struct session *session, const char *file, const uint8_t *bytes, size_t len)
{
	int ret;

	ret = file ? write_file(file, bytes, len) : file_write(session->file, bytes, len, cancelled);
	if (!ret)
		return 0;
	return session_fail(session, ret, "cannot write %s: %s", file ? file : "the standard output", strerror(-ret));
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
		return session_fail(session, -ENOTTY, "a state is not for a terminal: give -o FILE, or a pipe");
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
			session_fail(session, ret, "%.300s; the device stays suspended: %.150s", why, vqnic_error(session->vq));
		else
			session_fail(session, ret, "%.450s; the device goes on", why);
	}
	restore_signals(old);
	return ret;
}
