// SPDX-License-Identifier: Apache-2.0
/* A store that is a folder of files: one for each part, and lock. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "file.h"
#include "store.h"

static const char *const names[STORE_PARTS] = {
	[STORE_STATE] = "state.yaml",
	[STORE_OWN] = "own",
};

struct store {
	int lock;
	char *paths[STORE_PARTS];
};

__attribute__((format(printf, 3, 4)))
static int fail(char why[static STORE_WHY_BYTES], int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, STORE_WHY_BYTES, format, args);
	va_end(args);
	return err;
}

/* Takes the lock of the folder, which goes with the process that has it. */
static int lock(struct store *store, const char *where, char why[static STORE_WHY_BYTES])
{
	char *path;

	if (asprintf(&path, "%s/lock", where) < 0)
		return fail(why, -ENOMEM, "out of memory");
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(path);
	if (store->lock < 0)
		return fail(why, -errno, "cannot open the lock in %s: %s", where, strerror(errno));
	if (flock(store->lock, LOCK_EX | LOCK_NB))
		return fail(why, -errno, errno == EWOULDBLOCK ? "another vqnicd runs with %s" : "cannot lock %s", where);
	return 0;
}

/* What a process wrote that was killed meanwhile. */
static void remove_partial(const char *path)
{
	char pattern[4096];
	glob_t found;

	if ((size_t)snprintf(pattern, sizeof(pattern), "%s.part.??????", path) >= sizeof(pattern) ||
	    glob(pattern, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
}

int store_open(struct store **store, const char *where, char why[static STORE_WHY_BYTES])
{
	struct store *s = calloc(1, sizeof(*s));
	int ret;

	*store = NULL;
	if (!s)
		return fail(why, -ENOMEM, "out of memory");
	s->lock = -1;
	if (mkdir(where, 0700) && errno != EEXIST)
		ret = fail(why, -errno, "cannot make %s: %s", where, strerror(errno));
	else
		ret = lock(s, where, why);
	for (unsigned int i = 0; i < STORE_PARTS && !ret; i++)
		if (asprintf(&s->paths[i], "%s/%s", where, names[i]) < 0)
			ret = fail(why, -ENOMEM, "out of memory");
	if (ret) {
		store_close(s);
		return ret;
	}
	for (unsigned int i = 0; i < STORE_PARTS; i++)
		remove_partial(s->paths[i]);
	*store = s;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->lock >= 0)
		close(store->lock);
	for (unsigned int i = 0; i < STORE_PARTS; i++)
		free(store->paths[i]);
	free(store);
}

int store_read(struct store *store, enum store_part part, char **text, size_t *len, char why[static STORE_WHY_BYTES])
{
	const char *path = store->paths[part];
	FILE *file = fopen(path, "re");
	uint8_t *bytes = NULL;
	int ret;

	*text = NULL;
	if (!file)
		return fail(why, -errno, "cannot open %s: %s", path, strerror(errno));
	ret = file_read(file, CONFIG_BYTES_MAX, &bytes, len);
	fclose(file);
	if (ret) {
		free(bytes);
		return fail(why, ret, "cannot read %s: %s", path, strerror(-ret));
	}
	*text = (char *)bytes;
	return 0;
}

int store_write(struct store *store, enum store_part part, const char *text, size_t len, char why[static STORE_WHY_BYTES])
{
	int ret = file_write_whole(store->paths[part], text, len, NULL);

	return ret ? fail(why, ret, "cannot write %s: %s", store->paths[part], strerror(-ret)) : 0;
}
