// SPDX-License-Identifier: Apache-2.0
/* Batches of vqnicctl, over a kernel that is played (ctl_kernel.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "batch.h"
#include "command.h"
#include "ctl_kernel.h"

/* Runs the batch `input` from standard input, with `options`, and compares all that comes of it. */
static void expect_batch(const char *options, const char *input, int status, const char *out, const char *err)
{
	char line[64];

	snprintf(line, sizeof(line), "%s -b -", options);
	expect_of_input(line, input, strlen(input), status, out, err);
}

/* The kernel agrees to so many changes. */
static void agree(unsigned int changes)
{
	while (changes--)
		put_verdict(answer(), 0, NULL);
}

/* What a name must not do without: blanks, comments, quotes, continued lines. */
static void words_of_lines(void **state)
{
	(void)state;
	agree(7);
	expect_batch("", "# nothing\n"
		     "\n"
		     " \t policy\tset  vdpa0 trust on\r\n"
		     "policy set vdpa1 trust on # and no more \\\n"
		     "policy set 'vd\"pa 2' trust on\n"
		     "policy set vd\"p'a\"3'' trust on\n"
		     "policy \\\n  set vd\\\n\\\npa4 \\\n  trust on\n"
		     "policy set vd\\pa#5 trust on\n"
		     "'policy' set vdpa6 \"trust\" on", EXIT_DONE, "", "");
	assert_string_equal(k.devs, "vdpa0 vdpa1 vd\"pa 2 vdp'a3 vdpa4 vd\\pa#5 vdpa6 ");
	assert_int_equal(k.lookups, 1);
}

static void nothing_to_do(void **state)
{
	(void)state;
	expect_batch("", "\n", EXIT_DONE, "", "");
	expect_batch("", " # \\", EXIT_DONE, "", "");
	expect_batch("", "\\\n", EXIT_DONE, "", "");
	assert_int_equal(k.lookups, 0);
}

/* The last line is `wrong`, before it there is one that could be run, and nothing is. */
static void wrong_line(const char *wrong, size_t size, const char *why)
{
	static const char right[] = "policy set vdpa0 \\\ntrust on\n";
	char err[256], *input = malloc(sizeof(right) + size);

	assert_non_null(input);
	memcpy(input, right, sizeof(right) - 1);
	memcpy(input + sizeof(right) - 1, wrong, size);
	snprintf(err, sizeof(err), "vqnicctl: -:3: %s\n", why);
	expect_of_input("-f -b -", input, sizeof(right) - 1 + size, EXIT_USAGE, "", err);
	assert_int_equal(k.lookups, 0);
	free(input);
}

static void nothing_is_done_before_all_is_right(void **state)
{
	static const struct {
		const char *line, *why;
	} wrong[] = {
		{ "card", "card: the verb is missing: \"vqnicctl --help\" lists the commands" },
		{ "''", "unknown object \"\": \"vqnicctl --help\" lists the commands" },
		{ "card show\\", "card: unknown verb \"show\\\": \"vqnicctl --help\" lists the commands" },
		{ "policy set a trust\n\\\non", "policy set: trust needs a value: on|off" },
		{ "policy set a pcp \\\n 8", "policy set: pcp cannot be \"8\": it is 0..7" },
		{ "monitor", "monitor: no batch can have it: the standard output is its own" },
		{ "card show -j", "options are given with the batch, not in it" },
		{ "-b x", "options are given with the batch, not in it" },
		{ "dev show 'a", "a quote is not closed" },
		{ "dev show \"a'\ncard show", "a quote is not closed" },
	};
	static const char nul[] = "dev show a\0b\n", nul_comment[] = "dev show a # \0\n";

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		wrong_line(wrong[i].line, strlen(wrong[i].line), wrong[i].why);
	wrong_line(nul, sizeof(nul) - 1, "there is a NUL byte in the line: a batch is text");
	wrong_line(nul_comment, sizeof(nul_comment) - 1, "there is a NUL byte in the line: a batch is text");
}

static void lines_have_a_bound(void **state)
{
	static char line[BATCH_LINE_MAX + 32];
	char words[2 * BATCH_WORDS_MAX + 3];

	(void)state;
	/* As long as it may be, and a byte more. */
	memset(line, 'x', sizeof(line));
	memcpy(line, "card show # ", 12);
	line[BATCH_LINE_MAX - 1] = '\n';
	put_done(answer(), 0);
	expect_of_input("-b -", line, BATCH_LINE_MAX, EXIT_DONE, "", "");
	line[BATCH_LINE_MAX - 1] = 'x';
	k.lookups = 0;
	wrong_line(line, sizeof(line), "the line is longer than 65536 bytes");
	line[BATCH_LINE_MAX] = '\n';
	wrong_line(line, BATCH_LINE_MAX + 1, "the line is longer than 65536 bytes");
	memcpy(line, "card show \"x", 12);
	wrong_line(line, sizeof(line), "the line is longer than 65536 bytes");
	memset(line, 'x', sizeof(line));
	line[BATCH_LINE_MAX] = ' ';
	wrong_line(line, sizeof(line), "the line is longer than 65536 bytes");
	for (size_t i = 0; i + 1 < sizeof(line); i += 2)
		memcpy(line + i, "\\\n", 2);
	wrong_line(line, sizeof(line), "the line is longer than 65536 bytes");

	for (size_t i = 0; i < sizeof(words) - 1; i += 2)
		memcpy(words + i, "x ", 2);
	wrong_line(words, sizeof(words) - 1, "the line has more than 64 words");
	wrong_line(words, sizeof(words) - 3, "unknown object \"x\": \"vqnicctl --help\" lists the commands");
}

static void batches_have_a_bound(void **state)
{
	static const char command[] = "card show\n";
	const size_t size = (sizeof(command) - 1) * (BATCH_COMMANDS_MAX + 1);
	char *input = malloc(size);

	(void)state;
	assert_non_null(input);
	for (size_t at = 0; at < size; at += sizeof(command) - 1)
		memcpy(input + at, command, sizeof(command) - 1);
	expect_of_input("-b -", input, size, EXIT_USAGE, "",
			"vqnicctl: -:100001: the batch has more than 100000 commands\n");
	assert_int_equal(k.lookups, 0);
	free(input);
}

static void a_refusal_ends_it(void **state)
{
	(void)state;
	agree(1);
	put_verdict(answer(), -EINVAL, "a priority needs a port VLAN");
	expect_batch("", "policy set vdpa0 trust on\n\npolicy set vdpa1 pcp 1\npolicy set vdpa2 trust on\n",
		     EXIT_REFUSED, "", "vqnicctl: -:3: policy set vdpa1: a priority needs a port VLAN\n");
	assert_string_equal(k.devs, "vdpa0 vdpa1 ");
}

static void force_goes_on(void **state)
{
	(void)state;
	put_verdict(answer(), -EINVAL, "a priority needs a port VLAN");
	put_verdict(answer(), -ENODEV, "no such vDPA device of a vqnic card");
	agree(1);
	expect_batch("--force", "policy set vdpa1 pcp 1\nqueue show x\npolicy set vdpa2 trust on\n", EXIT_REFUSED, "",
		     "vqnicctl: -:1: policy set vdpa1: a priority needs a port VLAN\n"
		     "vqnicctl: -:2: queue show x: no such vDPA device of a vqnic card: "
		     "\"vqnicctl dev show\" lists what there is\n");
	assert_string_equal(k.devs, "vdpa1 x vdpa2 ");
}

/* What each command shows comes in its turn, JSON as a document for each. */
static void results_in_order(void **state)
{
	struct bytes *b;

	(void)state;
	for (int i = 0; i < 2; i++) {
		b = answer();
		put_filter(b, 0);
		put_verdict(b, 0, NULL);
		agree(1);
		put_done(answer(), 0);
	}
	expect_batch("", "policy show vdpa0\npolicy set vdpa0 trust on\ncard show", EXIT_DONE,
		     "vdpa0: card 0000:00:05.0 mac 52:54:00:12:34:fe spoofchk true trust false "
		     "port_vlan 300 pcp 5 vlans all macs_max 96\n  macs 02:00:00:00:00:01\n", "");
	expect_batch("-j", "policy show vdpa0\npolicy set vdpa0 trust on\ncard show", EXIT_DONE,
		     "{\"policy\":{\"vdpa0\":{\"card\":\"0000:00:05.0\",\"mac\":\"52:54:00:12:34:fe\","
		     "\"spoofchk\":true,\"trust\":false,\"port_vlan\":300,\"pcp\":5,\"vlans\":[\"all\"],"
		     "\"macs_max\":96,\"macs\":[\"02:00:00:00:00:01\"]}}}\n"
		     "{\"policy\":{}}\n"
		     "{\"card\":{}}\n", "");
}

static void files(void **state)
{
	char name[] = "/tmp/vqnicctl.XXXXXX", line[64], err[160];
	int fd = mkstemp(name);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, "card show\ncard list\n", 20), 20);
	snprintf(line, sizeof(line), "--batch=%s", name);
	snprintf(err, sizeof(err),
		 "vqnicctl: %s:2: card: unknown verb \"list\": \"vqnicctl --help\" lists the commands\n", name);
	expect(line, EXIT_USAGE, "", err);
	assert_int_equal(ftruncate(fd, 10), 0);
	put_done(answer(), 0);
	expect(line, EXIT_DONE, "", "");
	close(fd);
	unlink(name);
	snprintf(err, sizeof(err), "vqnicctl: %s: cannot open it: No such file or directory\n", name);
	expect(line, EXIT_REFUSED, "", err);
	expect("-b /", EXIT_REFUSED, "", "vqnicctl: /: cannot read it: Is a directory\n");
}

#define TEST(name) cmocka_unit_test_setup(name, kernel_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(words_of_lines),
		TEST(nothing_to_do),
		TEST(nothing_is_done_before_all_is_right),
		TEST(lines_have_a_bound),
		TEST(batches_have_a_bound),
		TEST(a_refusal_ends_it),
		TEST(force_goes_on),
		TEST(results_in_order),
		TEST(files),
	};

	return cmocka_run_group_tests_name("ctl_batch", tests, NULL, NULL);
}
