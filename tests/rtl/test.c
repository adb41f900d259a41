// SPDX-License-Identifier: Apache-2.0
/* The runner of seeded tests: see test.h. */
#include "test.h"

#include <getopt.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEFAULT_SEED 1

static jmp_buf round_end;
static bool in_round;
static char failure[1024];
static const char *wave_file;

const char *test_wave_file(void)
{
	return wave_file;
}

void test_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(failure, sizeof(failure), format, args);
	va_end(args);
	if (!in_round) {
		fprintf(stderr, "%s\n", failure);
		exit(1);
	}
	longjmp(round_end, 1);
}

void test_compare(const char *what, uint64_t value, uint64_t expected, const char *format, ...)
{
	char where[512];
	va_list args;

	if (value == expected)
		return;
	va_start(args, format);
	vsnprintf(where, sizeof(where), format, args);
	va_end(args);
	test_fail("%s: %s is %" PRIu64 " (0x%" PRIx64 "), not %" PRIu64 " (0x%" PRIx64 ")", where, what, value, value,
		  expected, expected);
}

/* True if the round passed. */
static bool run_round(const struct test *test, uint64_t seed, void (*cleanup)(void))
{
	int ended = setjmp(round_end);

	in_round = true;
	if (!ended)
		test->run(seed);
	in_round = false;
	if (cleanup)
		cleanup();
	return !ended;
}

static uint64_t parse_number(const char *program, const char *option, const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (!*text || *end) {
		fprintf(stderr, "%s: %s: \"%s\" is not a number\n", program, option, text);
		exit(2);
	}
	return value;
}

static void usage(const char *program, FILE *to)
{
	fprintf(to,
		"usage: %s [--test NAME] [--seed N] [--count N] [--wave FILE.fst] [--list]\n"
		"  --test NAME  run only this test\n"
		"  --seed N     first seed (default %d)\n"
		"  --count N    seeds for each test, from the first on (default: as the test says; 1 with --seed)\n"
		"  --wave FILE  write waves of the run, or of each test's last round\n"
		"  --list       print the names of the tests\n", program, DEFAULT_SEED);
}

int test_main(int argc, char **argv, const struct test *tests, size_t count, void (*cleanup)(void))
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' }, { "test", required_argument, NULL, 't' },
		{ "count", required_argument, NULL, 'c' }, { "wave", required_argument, NULL, 'w' },
		{ "list", no_argument, NULL, 'l' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	uint64_t first_seed = DEFAULT_SEED, seeds = 0;
	unsigned int number = 0, failed = 0;
	const char *only = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			first_seed = parse_number(argv[0], "--seed", optarg);
			seeds = seeds ? seeds : 1;
			break;
		case 'c':
			seeds = parse_number(argv[0], "--count", optarg);
			break;
		case 't':
			only = optarg;
			break;
		case 'w':
			wave_file = optarg;
			break;
		case 'l':
			for (size_t i = 0; i < count; i++)
				puts(tests[i].name);
			return 0;
		case 'h':
			usage(argv[0], stdout);
			return 0;
		default:
			usage(argv[0], stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: what is \"%s\"?\n", argv[0], argv[optind]);
		return 2;
	}

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# seed %" PRIu64 "\n", first_seed);
	for (size_t i = 0; i < count; i++) {
		uint64_t seed = first_seed, end = first_seed + (seeds ? seeds : tests[i].rounds);
		struct timespec from, to;

		if (only && strcmp(only, tests[i].name))
			continue;
		clock_gettime(CLOCK_MONOTONIC, &from);
		while (seed < end && run_round(&tests[i], seed, cleanup))
			seed++;
		clock_gettime(CLOCK_MONOTONIC, &to);
		printf("%s %u - %s\n", seed < end ? "not ok" : "ok", ++number, tests[i].name);
		if (seed < end) {
			failed++;
			printf("# %s\n# replay: %s --test %s --seed %" PRIu64 "\n", failure, argv[0], tests[i].name,
			       seed);
		} else {
			printf("# %" PRIu64 " seeds, %.1f s\n", end - first_seed, (double)(to.tv_sec - from.tv_sec) +
			       (double)(to.tv_nsec - from.tv_nsec) / 1e9);
		}
	}
	if (!number) {
		fprintf(stderr, "%s: no test \"%s\"; --list prints their names\n", argv[0], only);
		return 2;
	}
	printf("1..%u\n", number);
	return failed ? 1 : 0;
}
