// SPDX-License-Identifier: Apache-2.0
/* The command line of vqnic-sim (sim/options.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "options.h"

#define WORDS_MAX 32

/* Parses a command line of words with single spaces in between. */
static bool parse(const char *line, struct options *options, char *error, size_t size)
{
	static char text[512];
	char *words[WORDS_MAX + 1] = { 0 }, *rest = strcpy(text, line);
	int count = 0;

	while (rest && count < WORDS_MAX)
		words[count++] = strsep(&rest, " ");
	*error = 0;
	return options_parse(options, count, words, error, size);
}

static void accepted(void **state)
{
	struct options o;
	char error[256];

	(void)state;
	assert_true(parse("vqnic-sim --socket a --port slirp,restrict=on", &o, error, sizeof(error)));
	assert_string_equal(o.socket, "a");
	assert_string_equal(o.port, "slirp,restrict=on");
	assert_null(o.pcap);
	assert_null(o.wave);
	assert_null(o.control);
	assert_null(o.log);
	assert_int_equal(o.pcie.round_trip, 0);
	assert_false(o.once || o.verbose || o.help || o.version || o.link_up || o.link_down);
	assert_true(o.serial == UINT64_C(0x020000fffe000001));
	assert_true(parse("vqnic-sim --once -v --pcap p --wave=w --control c --log l --pcie-rtt 800 --link down "
			  "--serial 0123456789ABCDEF --socket a --port none", &o, error, sizeof(error)));
	assert_true(o.serial == UINT64_C(0x0123456789abcdef));
	assert_string_equal(o.pcap, "p");
	assert_string_equal(o.wave, "w");
	assert_string_equal(o.control, "c");
	assert_string_equal(o.log, "l");
	assert_int_equal(o.pcie.round_trip, 200);	/* of 4 ns */
	assert_true(o.once && o.verbose && o.link_down && !o.link_up);
	assert_true(parse("vqnic-sim --link up --socket a --port none", &o, error, sizeof(error)));
	assert_true(o.link_up && !o.link_down);
	assert_true(parse("vqnic-sim --help", &o, error, sizeof(error)));
	assert_true(o.help);
	assert_true(parse("vqnic-sim -V", &o, error, sizeof(error)));
	assert_true(o.version);
}

static void refused(void **state)
{
	static const struct {
		const char *line, *error;
	} bad[] = {
		{ "vqnic-sim", "--socket PATH is needed" },
		{ "vqnic-sim --port none", "--socket PATH is needed" },
		{ "vqnic-sim --socket a", "--port SPEC is needed" },
		{ "vqnic-sim --socket", "--socket: its value is missing" },
		{ "vqnic-sim --socket a --port", "--port: its value is missing" },
		{ "vqnic-sim --socket a --port none extra", "extra: not an option, see --help" },
		{ "vqnic-sim --sockets a", "--sockets: no such option, see --help" },
		{ "vqnic-sim -x", "-x: no such option, see --help" },
		{ "vqnic-sim -vxv", "-x: no such option, see --help" },
		{ "vqnic-sim --socket a --port none --link sideways", "--link sideways: neither up nor down" },
		{ "vqnic-sim --serial 123", "--serial 123: not 16 hexadecimal digits" },
		{ "vqnic-sim --serial 0x23456789abcdef", "--serial 0x23456789abcdef: not 16 hexadecimal digits" },
		{ "vqnic-sim --pcie-rtt fast", "--pcie-rtt fast: not from 0 to 1000000000 nanoseconds" },
		{ "vqnic-sim --pcie-rtt -1", "--pcie-rtt -1: not from 0 to 1000000000 nanoseconds" },
		{ "vqnic-sim --pcie-rtt 1000000001", "--pcie-rtt 1000000001: not from 0 to 1000000000 nanoseconds" },
		{ "vqnic-sim --pcie-rtt 99999999999999999999",
		  "--pcie-rtt 99999999999999999999: not from 0 to 1000000000 nanoseconds" },
		{ "vqnic-sim --pcie-rtt 800ns", "--pcie-rtt 800ns: not from 0 to 1000000000 nanoseconds" },
		{ "vqnic-sim --pcie-rtt ", "--pcie-rtt : not from 0 to 1000000000 nanoseconds" },
		{ "vqnic-sim --once=yes", "--once=yes: takes no value" },
	};
	struct options o;
	char error[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(parse(bad[i].line, &o, error, sizeof(error)));
		assert_string_equal(error, bad[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
