/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output as text or as JSON, from the same calls. JSON is an object of keys and values. Text is the same as lines
 * `key value key value`: an object begins a line with its name, out_line() begins one, deeper objects are indented.
 *
 * The calls return nothing: the first failure is kept for out_finish().
 */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum out_format { OUT_TEXT, OUT_JSON, OUT_JSON_PRETTY };

/* What a word of text is coloured as. JSON never is. */
enum out_color { OUT_PLAIN, OUT_NAME, OUT_MAC, OUT_GOOD, OUT_BAD };

struct out;

/* `color`: text is coloured. NULL: no memory. */
struct out *out_new(FILE *file, enum out_format format, bool color);

/* Writes what is left if `print`, frees, and returns 0 or what went wrong since out_new() as a negative errno. */
int out_finish(struct out *o, bool print);

/*
 * Opens an object or array in the one that is open, and closes it. An array itself is not seen in text. Its items are
 * numbered: in text an item's line begins with "NAME NUMBER:", in JSON it has the number as its first member, `key`.
 * The outermost object is not seen in text, and those in it are coloured as names.
 */
void out_open_object(struct out *o, const char *name);
void out_open_array(struct out *o, const char *key);
void out_open_item(struct out *o, const char *name, const char *key, uint64_t number);
void out_close(struct out *o);

/* Text: what follows stands on a new line. */
void out_line(struct out *o);

void out_string(struct out *o, const char *key, const char *value);
void out_colored(struct out *o, const char *key, enum out_color color, const char *value);
void out_uint(struct out *o, const char *key, uint64_t value);
void out_hex(struct out *o, const char *key, uint64_t value);	/* hexadecimal in text */
void out_bool(struct out *o, const char *key, bool value);

/* A number with three decimals. */
void out_decimal(struct out *o, const char *key, double value);

/* The same, not negative; in text three digits of it and a prefix of the SI, "12.3k", always as wide. */
void out_rate(struct out *o, const char *key, double value);

#define OUT_TIME_BYTES 64

/* What time it is, as ISO 8601 has it: "2026-01-31T12:00:00.000Z". Returns `text`. */
const char *out_time(char text[static OUT_TIME_BYTES]);

/* A list of words, an array of strings in JSON. Text: "none" if there are none. */
void out_open_list(struct out *o, const char *key);
void out_item(struct out *o, enum out_color color, const char *value);
void out_close_list(struct out *o);

/* As a list, the names of the bits set in `bits`, lowest first; one without a name is "bit_N". */
void out_bits(struct out *o, const char *key, uint64_t bits, const char *(*name)(unsigned int bit));

#endif
