/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tests that depend on a seed, prints TAP, and says how to replay what failed.
 *
 * A test is a function; it runs for several seeds, each in a fresh world, and counts as one TAP test.
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test {
	const char *name;
	void (*run)(uint64_t seed);
	unsigned int rounds;		/* seeds that a plain run tries */
};

/*
 * A program's main(): runs `tests` as the command line says. `cleanup` (or NULL) is called after each round, however it
 * ended. Returns the exit status.
 */
int test_main(int argc, char **argv, const struct test *tests, size_t count, void (*cleanup)(void));

/* The file that waves are to be written to, or NULL. */
const char *test_wave_file(void);

/*
 * Ends the round, or a program that is none of tests: it failed, and why. Not to be called in a callback of the model.
 */
void test_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define test_check(condition, ...) do { if (!(condition)) test_fail(__VA_ARGS__); } while (0)
/* Both are compared as unsigned 64-bit numbers. */
#define test_equal(value, expected, ...) test_compare(#value, value, expected, __VA_ARGS__)
void test_compare(const char *what, uint64_t value, uint64_t expected, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
