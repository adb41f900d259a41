// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "out.h"
#include "top.h"

/* What was counted of a queue, or of one direction of a device or card. */
struct counts {
	bool known;		/* the driver has told */
	uint32_t index;		/* of the queue */
	uint64_t frames, bytes, drops;
};

/* A card (`dev` NULL) or a device. */
struct object {
	char *card, *dev;
	struct counts rx, tx;
	size_t queue_count;
	struct counts *queues;
};

struct sample {
	double at;		/* seconds of CLOCK_MONOTONIC */
	size_t count;
	struct object *objects;
};

/* ---- samples ---- */

static void sample_clear(struct sample *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->objects[i].card);
		free(s->objects[i].dev);
		free(s->objects[i].queues);
	}
	free(s->objects);
	*s = (struct sample){ 0 };
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* The card or device of that name; NULL: it is not there. */
static struct object *sample_find(const struct sample *s, const char *card, const char *dev)
{
	for (size_t i = 0; i < s->count; i++)
		if (same(s->objects[i].card, card) && same(s->objects[i].dev, dev))
			return &s->objects[i];
	return NULL;
}

/* The same, which is put at the end if it is not there; NULL: no memory. */
static struct object *sample_get(struct sample *s, const char *card, const char *dev)
{
	struct object *objects, *object = sample_find(s, card, dev);

	if (object)
		return object;
	objects = realloc(s->objects, (s->count + 1) * sizeof(*objects));
	if (!objects)
		return NULL;
	s->objects = objects;
	object = &objects[s->count];
	*object = (struct object){ .card = strdup(card), .dev = dev ? strdup(dev) : NULL };
	if (!object->card || (dev && !object->dev)) {
		free(object->card);
		free(object->dev);
		return NULL;
	}
	s->count++;
	return object;
}

/* Adds a counter of the hardware, docs/registers.md, to those that rates are of. */
static void take_stat(struct counts *counts, const char *name, uint64_t value)
{
	if (!strcmp(name, "frames"))
		counts->frames = value;
	else if (!strcmp(name, "bytes"))
		counts->bytes = value;
	else if (!strncmp(name, "drop_", strlen("drop_")))
		counts->drops += value;
	else
		return;
	counts->known = true;
}

static int take_stats(const struct vqnic_stats *stats, void *opaque)
{
	struct object *object = sample_get(opaque, stats->card, stats->dev);

	if (!object)
		return -ENOMEM;
	for (size_t i = 0; i < stats->stat_count; i++) {
		const char *name = stats->stats[i].name;

		name += strncmp(name, "wire_", strlen("wire_")) ? 0 : strlen("wire_");
		if (!strncmp(name, "rx_", strlen("rx_")))
			take_stat(&object->rx, name + strlen("rx_"), stats->stats[i].value);
		else if (!strncmp(name, "tx_", strlen("tx_")))
			take_stat(&object->tx, name + strlen("tx_"), stats->stats[i].value);
	}
	return 0;
}

static int take_dev(const struct vqnic_dev *dev, void *opaque)
{
	struct object *object = sample_get(opaque, dev->card, dev->name);

	if (!object)
		return -ENOMEM;
	/* One that is told of twice is what it was the last time. */
	free(object->queues);
	object->queue_count = 0;
	object->queues = calloc(dev->queue_count + 1, sizeof(*object->queues));
	if (!object->queues)
		return -ENOMEM;
	for (size_t i = 0; i < dev->queue_count; i++) {
		const struct vqnic_queue *queue = &dev->queues[i];

		object->queues[object->queue_count++] = (struct counts){
			.known = VQNIC_HAS(queue, VQNIC_A_QUEUE_FRAMES), .index = queue->index,
			.frames = queue->frames, .bytes = queue->bytes, .drops = queue->drops,
		};
	}
	return 0;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What there is now. A card that died has no counters, and no error. */
static int sample_take(struct sample *s, const struct request *r, const struct session *session)
{
	int ret;

	ret = vqnic_stats(session->vq, r->card, r->dev, take_stats, s);
	s->at = seconds();
	if (!ret || ret == -EIO)
		ret = vqnic_devs(session->vq, r->card, r->dev, take_dev, s);
	return ret;
}

/* ---- rates ---- */

static void show_rate(struct out *o, const struct counts *before, const struct counts *now, double passed)
{
	struct counts base = { 0 };

	/* What was reset meanwhile has counted from 0. */
	if (before->frames <= now->frames && before->bytes <= now->bytes && before->drops <= now->drops)
		base = *before;
	out_rate(o, "frames_per_s", (double)(now->frames - base.frames) / passed);
	out_rate(o, "bits_per_s", (double)(now->bytes - base.bytes) * 8 / passed);
	out_rate(o, "drops_per_s", (double)(now->drops - base.drops) / passed);
}

static void show_direction(struct out *o, const char *name, const struct counts *before, const struct counts *now,
			   double passed)
{
	if (!before->known || !now->known)
		return;
	out_open_object(o, name);
	show_rate(o, before, now, passed);
	out_close(o);
}

/* What was not there before has no rates yet: since when it has counted is not known. */
static void show_object(struct out *o, const struct object *before, const struct object *now, double passed)
{
	static const struct object none;

	if (!before)
		before = &none;
	out_open_object(o, now->dev ? now->dev : now->card);
	if (now->dev)
		out_colored(o, "card", OUT_NAME, now->card);
	show_direction(o, "rx", &before->rx, &now->rx, passed);
	show_direction(o, "tx", &before->tx, &now->tx, passed);
	out_open_array(o, "queues");
	for (size_t i = 0; i < now->queue_count && i < before->queue_count; i++) {
		const struct counts *queue = &now->queues[i];

		if (!queue->known || !before->queues[i].known || before->queues[i].index != queue->index)
			continue;
		out_open_item(o, "queue", "index", queue->index);
		show_rate(o, &before->queues[i], queue, passed);
		out_close(o);
	}
	out_close(o);
	out_close(o);
}

static int print(FILE *file, const struct session *session, const struct sample *before, const struct sample *now)
{
	struct out *o = out_new(file, session->format, session->color);
	double passed = now->at - before->at;
	char text[OUT_TIME_BYTES];

	if (!o)
		return -ENOMEM;
	out_string(o, "time", out_time(text));
	out_decimal(o, "seconds", passed);
	out_open_object(o, "top");
	for (size_t i = 0; i < now->count; i++) {
		const struct object *object = &now->objects[i];

		show_object(o, sample_find(before, object->card, object->dev), object, passed);
	}
	out_close(o);
	return out_finish(o, true);
}

/* ---- a terminal ---- */

/* Writes so much of a line as the terminal has columns (0: not known), and clears what is behind it. */
static void put_line(FILE *file, const char *line, size_t len, unsigned int columns)
{
	unsigned int column = 0;
	bool escape = false;

	for (size_t i = 0; i < len; i++) {
		escape = escape || line[i] == '\033';
		/* A colour takes no column, and is ended though the word may not be. */
		if (escape || !columns || column++ < columns)
			fputc(line[i], file);
		if (line[i] == 'm')
			escape = false;
	}
	fputs("\033[K\n", file);
}

/* Puts the text in the place of what stands there. What is longer than the terminal would move it all. */
static int redraw(FILE *file, const char *text)
{
	struct winsize size = { 0 };
	size_t lines = 0, room;

	ioctl(fileno(file), TIOCGWINSZ, &size);
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	/* The last line is the cursor's, the one before says that there is more. */
	room = size.ws_row > 2 && lines > size.ws_row - 1U ? size.ws_row - 2U : lines;
	fputs("\033[H", file);
	for (size_t i = 0; i < room; i++) {
		size_t len = strcspn(text, "\n");

		put_line(file, text, len, size.ws_col);
		text += len + 1;
	}
	if (room < lines) {
		char more[64];

		put_line(file, more, (size_t)snprintf(more, sizeof(more), "... %zu more lines: \"vqnicctl top DEV\"",
						      lines - room), size.ws_col);
	}
	fputs("\033[J", file);
	return fflush(file) ? -errno : 0;
}

static int print_in_place(const struct session *session, const struct sample *before, const struct sample *now)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = print(memory, session, before, now);
	if (fclose(memory) && !ret)
		ret = -ENOMEM;
	if (!ret)
		ret = redraw(session->file, text);
	free(text);
	return ret;
}

/* ---- again and again ---- */

static volatile sig_atomic_t told_to_end;

static void tell_to_end(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static const int ends[] = { SIGINT, SIGTERM };
#define ENDS (sizeof(ends) / sizeof(ends[0]))

struct signals {
	struct sigaction actions[ENDS];
	sigset_t mask;
};

/* Signals that end it are taken while it waits, and at no other time: a block is printed whole. */
static void catch_signals(struct signals *old)
{
	const struct sigaction action = { .sa_handler = tell_to_end };
	sigset_t set;

	told_to_end = 0;
	sigemptyset(&set);
	for (size_t i = 0; i < ENDS; i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, &old->mask);
	for (size_t i = 0; i < ENDS; i++)
		sigaction(ends[i], &action, &old->actions[i]);
}

static void restore_signals(const struct signals *old)
{
	for (size_t i = 0; i < ENDS; i++)
		sigaction(ends[i], &old->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

/* Waits up to that time; false: it is to end. */
static bool wait_until(double at, const sigset_t *mask)
{
	double left = at - seconds();

	do {
		struct timespec timeout = { 0 };

		if (left > 0) {
			timeout.tv_sec = (time_t)left;
			timeout.tv_nsec = (long)((left - (double)timeout.tv_sec) * 1e9);
		}
		ppoll(NULL, 0, &timeout, mask);
		left = at - seconds();
	} while (left > 0 && !told_to_end);
	return !told_to_end;
}

int top_run(const struct request *request, const struct session *session)
{
	const bool in_place = session->format == OUT_TEXT && isatty(fileno(session->file));
	struct sample before = { 0 }, now = { 0 };
	struct signals old;
	double next;
	int ret;

	ret = sample_take(&before, request, session);
	if (ret) {
		sample_clear(&before);
		return ret;
	}
	catch_signals(&old);
	next = before.at;
	for (unsigned long i = 0; !ret && (!session->count || i < session->count); i++) {
		next += session->interval;
		/* What took longer is not made up for: the rates would be of no time at all. */
		if (next < before.at + session->interval / 2)
			next = before.at + session->interval;
		if (!wait_until(next, &old.mask))
			break;
		ret = sample_take(&now, request, session);
		/* A device or card that was named and has gone may come again. */
		if (ret == -ENODEV)
			ret = 0;
		if (!ret)
			ret = in_place ? print_in_place(session, &before, &now) :
					 print(session->file, session, &before, &now);
		sample_clear(&before);
		before = now;
		now = (struct sample){ 0 };
	}
	restore_signals(&old);
	sample_clear(&before);
	return ret;
}
