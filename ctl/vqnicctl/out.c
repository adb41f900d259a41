// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <json-c/json.h>

#include "out.h"

#define DEPTH_MAX 8

struct out {
	FILE *file;
	enum out_format format;
	bool color;
	int error;
	unsigned int depth;
	json_object *open[DEPTH_MAX];	/* JSON: what is open; [0] is the whole, and owns the others */
	unsigned int indent;		/* text: objects that are open, the outermost not counted */
	bool visible[DEPTH_MAX];	/* text: whether what is open indents */
	bool line_empty;
	bool list_empty;		/* text: of the list that is open */
};

struct out *out_new(FILE *file, enum out_format format, bool color)
{
	struct out *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->file = file;
	o->format = format;
	o->color = color;
	o->line_empty = true;
	if (format != OUT_TEXT) {
		o->open[0] = json_object_new_object();
		if (!o->open[0])
			o->error = -ENOMEM;
	}
	return o;
}

int out_finish(struct out *o, bool print)
{
	int ret;

	if (print && o->format == OUT_TEXT)
		out_line(o);
	else if (print && !o->error)
		fprintf(o->file, "%s\n", json_object_to_json_string_ext(o->open[0],
				 (o->format == OUT_JSON_PRETTY ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0) |
				 JSON_C_TO_STRING_NOSLASHESCAPE));
	if (fflush(o->file) || ferror(o->file))
		o->error = errno ? -errno : -EIO;
	ret = o->error;
	json_object_put(o->open[0]);
	free(o);
	return ret;
}

/* JSON: puts `value` (NULL: no memory) into what is open, which takes it over. */
static void put(struct out *o, const char *key, json_object *value)
{
	json_object *into = o->open[o->depth];

	if (!o->error && value && !(json_object_is_type(into, json_type_array) ? json_object_array_add(into, value) :
				    json_object_object_add(into, key, value)))
		return;
	json_object_put(value);
	if (!o->error)
		o->error = -ENOMEM;
}

/* Text: a word, after a space unless it begins the line, which is then indented. */
__attribute__((format(printf, 2, 3)))
static void word(struct out *o, const char *format, ...)
{
	va_list args;

	if (o->line_empty)
		fprintf(o->file, "%*s", 2 * (int)o->indent, "");
	else
		fputc(' ', o->file);
	o->line_empty = false;
	va_start(args, format);
	vfprintf(o->file, format, args);
	va_end(args);
}

/* Text: what a terminal is told before a word of that colour, and after it. The colours are those of iproute2. */
static const char *color_begin(const struct out *o, enum out_color color)
{
	static const char *const begin[] = {
		[OUT_PLAIN] = "", [OUT_NAME] = "\033[36m", [OUT_MAC] = "\033[33m", [OUT_GOOD] = "\033[32m",
		[OUT_BAD] = "\033[31m",
	};

	return o->color ? begin[color] : "";
}

static const char *color_end(const struct out *o, enum out_color color)
{
	return o->color && color != OUT_PLAIN ? "\033[0m" : "";
}

void out_line(struct out *o)
{
	if (o->format == OUT_TEXT && !o->line_empty)
		fputc('\n', o->file);
	o->line_empty = true;
}

static void open_level(struct out *o, const char *key, json_object *value, bool visible)
{
	if (o->format != OUT_TEXT)
		put(o, key, value);
	if (o->depth + 1 >= DEPTH_MAX)
		abort();	/* a mistake of the caller: nesting depends on no input */
	o->depth++;
	o->open[o->depth] = value;
	o->visible[o->depth] = visible;
	o->indent += visible;
}

/* The outermost object only groups others: its name is a key of JSON alone. */
void out_open_object(struct out *o, const char *name)
{
	enum out_color color = o->depth == 1 ? OUT_NAME : OUT_PLAIN;
	bool visible = o->depth > 0;

	if (o->format == OUT_TEXT && visible) {
		out_line(o);
		word(o, "%s%s%s:", color_begin(o, color), name, color_end(o, color));
	}
	open_level(o, name, o->format == OUT_TEXT ? NULL : json_object_new_object(), visible);
}

void out_open_array(struct out *o, const char *key)
{
	open_level(o, key, o->format == OUT_TEXT ? NULL : json_object_new_array(), false);
}

void out_open_item(struct out *o, const char *name, const char *key, uint64_t number)
{
	if (o->format == OUT_TEXT) {
		out_line(o);
		word(o, "%s %" PRIu64 ":", name, number);
		open_level(o, NULL, NULL, true);
	} else {
		open_level(o, NULL, json_object_new_object(), true);
		out_uint(o, key, number);
	}
}

void out_close(struct out *o)
{
	o->indent -= o->visible[o->depth];
	o->depth--;
	out_line(o);
}

void out_string(struct out *o, const char *key, const char *value)
{
	out_colored(o, key, OUT_PLAIN, value);
}

void out_colored(struct out *o, const char *key, enum out_color color, const char *value)
{
	if (o->format == OUT_TEXT)
		word(o, "%s %s%s%s", key, color_begin(o, color), value, color_end(o, color));
	else
		put(o, key, json_object_new_string(value));
}

void out_uint(struct out *o, const char *key, uint64_t value)
{
	if (o->format == OUT_TEXT)
		word(o, "%s %" PRIu64, key, value);
	else
		put(o, key, json_object_new_uint64(value));
}

void out_hex(struct out *o, const char *key, uint64_t value)
{
	if (o->format == OUT_TEXT)
		word(o, "%s 0x%" PRIx64, key, value);
	else
		put(o, key, json_object_new_uint64(value));
}

void out_bool(struct out *o, const char *key, bool value)
{
	if (o->format == OUT_TEXT)
		word(o, "%s %s", key, value ? "true" : "false");
	else
		put(o, key, json_object_new_boolean(value));
}

void out_decimal(struct out *o, const char *key, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f", value);
	if (o->format == OUT_TEXT)
		word(o, "%s %s", key, text);
	else
		put(o, key, json_object_new_double_s(value, text));
}

void out_rate(struct out *o, const char *key, double value)
{
	static const char prefixes[] = { ' ', 'k', 'M', 'G', 'T', 'P' };
	size_t prefix = 0;

	if (o->format != OUT_TEXT) {
		out_decimal(o, key, value);
		return;
	}
	/* What would be rounded to 1000 has the next prefix. */
	for (; value >= 999.5 && prefix + 1 < sizeof(prefixes); prefix++)
		value /= 1000;
	word(o, "%s %4.*f%c", key, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value, prefixes[prefix]);
}

const char *out_time(char text[static OUT_TIME_BYTES])
{
	struct timespec now;
	char stamp[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
	snprintf(text, OUT_TIME_BYTES, "%s.%03ldZ", stamp, now.tv_nsec / 1000000);
	return text;
}

void out_open_list(struct out *o, const char *key)
{
	out_open_array(o, key);
	if (o->format == OUT_TEXT)
		word(o, "%s", key);
	o->list_empty = true;
}

void out_item(struct out *o, enum out_color color, const char *value)
{
	if (o->format == OUT_TEXT)
		word(o, "%s%s%s", color_begin(o, color), value, color_end(o, color));
	else
		put(o, NULL, json_object_new_string(value));
	o->list_empty = false;
}

/* Unlike other arrays a list is part of its line. */
void out_close_list(struct out *o)
{
	if (o->format == OUT_TEXT && o->list_empty)
		word(o, "none");
	o->depth--;
}

void out_bits(struct out *o, const char *key, uint64_t bits, const char *(*name)(unsigned int bit))
{
	out_open_list(o, key);
	for (unsigned int bit = 0; bit < 64; bit++) {
		char unnamed[sizeof("bit_63")];
		const char *text = name(bit);

		if (!(bits >> bit & 1))
			continue;
		if (!text)
			snprintf(unnamed, sizeof(unnamed), "bit_%u", bit);
		out_item(o, OUT_PLAIN, text ? text : unnamed);
	}
	out_close_list(o);
}
