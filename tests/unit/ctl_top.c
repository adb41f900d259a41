// SPDX-License-Identifier: Apache-2.0
/* vqnicctl top over a kernel that is played (ctl_kernel.h), and with a time that passes when it waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "command.h"
#include "ctl_kernel.h"

/* ---- time ---- */

static int64_t now_ns;
static double late;		/* seconds that each wait takes longer than it should */
static int end_by;		/* signal that comes while it waits for the second time; 0: none */
static unsigned int waits;

int __wrap_clock_gettime(clockid_t id, struct timespec *time);
int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);

int __wrap_clock_gettime(clockid_t id, struct timespec *time)
{
	int64_t ns = now_ns + (id == CLOCK_REALTIME ? INT64_C(1767225600000000000) : 0);

	assert_true(id == CLOCK_REALTIME || id == CLOCK_MONOTONIC);
	*time = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	return 0;
}

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	assert_int_equal(count, 0);
	if (++waits == 2 && end_by) {
		/* It is held back until the mask of the wait lets it through. */
		raise(end_by);
		return __real_ppoll(fds, count, &(struct timespec){ .tv_sec = 10 }, mask);
	}
	/* One more, for what was lost when the time left was made of a double. */
	now_ns += timeout->tv_sec * INT64_C(1000000000) + timeout->tv_nsec + (int64_t)(late * 1e9) + 1;
	return 0;
}

static int setup(void **state)
{
	now_ns = 0;
	late = 0;
	end_by = 0;
	waits = 0;
	return kernel_setup(state);
}

/* ---- what is counted ---- */

static void put_stat(struct bytes *b, const char *name, uint64_t value)
{
	size_t nest = begin_nest(b, VQNIC_A_STAT);

	put_string(b, VQNIC_A_STAT_NAME, name);
	put_u64(b, VQNIC_A_STAT_VALUE, value);
	end_nest(b, nest);
}

/* A card's counters (`dev` NULL) or a device's. */
static void put_counters(struct bytes *b, const char *dev, uint64_t frames, uint64_t bytes, uint64_t drops)
{
	size_t at = begin_genl(b, FAMILY, NLM_F_MULTI);

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	if (dev)
		put_string(b, VQNIC_A_DEV_NAME, dev);
	put_stat(b, dev ? "rx_frames" : "wire_rx_frames", frames);
	put_stat(b, dev ? "rx_bytes" : "wire_rx_bytes", bytes);
	put_stat(b, dev ? "rx_drop_no_buffer" : "wire_rx_drop_error", drops);
	put_stat(b, dev ? "rx_drop_vlan" : "wire_rx_drop_filter", drops);
	put_stat(b, dev ? "tx_frames" : "wire_tx_frames", 0);
	put_stat(b, "switch_frames", 12345);
	end_message(b, at);
}

/* A device whose queue 0 has counted that, and whose queue 1 is of a card that tells no counters. */
static void put_queues(struct bytes *b, const char *dev, uint64_t frames, uint64_t bytes, uint64_t drops)
{
	size_t at = begin_genl(b, FAMILY, NLM_F_MULTI), nest;

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(b, VQNIC_A_DEV_NAME, dev);
	nest = begin_nest(b, VQNIC_A_QUEUE);
	put_u32(b, VQNIC_A_QUEUE_INDEX, 0);
	put_u64(b, VQNIC_A_QUEUE_FRAMES, frames);
	put_u64(b, VQNIC_A_QUEUE_BYTES, bytes);
	put_u64(b, VQNIC_A_QUEUE_DROPS, drops);
	end_nest(b, nest);
	nest = begin_nest(b, VQNIC_A_QUEUE);
	put_u32(b, VQNIC_A_QUEUE_INDEX, 1);
	end_nest(b, nest);
	end_message(b, at);
}

/* One sample of a device alone, of which all counters are the same but bytes, which are 100 times as many. */
static void put_sample(const char *dev, uint64_t value)
{
	struct bytes *b = answer();

	put_counters(b, dev, value, 100 * value, value);
	put_done(b, 0);
	b = answer();
	put_queues(b, dev, value, 100 * value, value);
	put_done(b, 0);
}

/* ---- tests ---- */

static void rates_of_all(void **state)
{
	static const uint64_t frames[] = { 1000, 1024600 };
	struct bytes *b;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		b = answer();
		put_counters(b, NULL, frames[i], 0, 1);
		put_counters(b, "vdpa0", frames[i], 1500 * frames[i], i);
		put_done(b, 0);
		b = answer();
		put_queues(b, "vdpa0", 5 + i, UINT64_C(1000000000000) * i, 0);
		put_done(b, 0);
	}
	expect("top -i 2 --count 1", EXIT_DONE,
	       "time 2026-01-01T00:00:02.000Z seconds 2.000\n"
	       "0000:00:05.0:\n"
	       "  rx: frames_per_s  512k bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  rx: frames_per_s  512k bits_per_s 6.14G drops_per_s 1.00 \n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s 0.50  bits_per_s 4.00T drops_per_s 0.00 \n", "");
	assert_int_equal(k.requests, 4);
	assert_true(k.dump);
	assert_string_equal(k.card, "");
}

/* Three digits, whatever is rounded. */
static void digits_of_rates(void **state)
{
	(void)state;
	put_sample("vdpa0", 0);
	put_sample("vdpa0", 9994);
	put_sample("vdpa0", 9994 + 9996);
	put_sample("vdpa0", 9994 + 9996 + 124);
	expect("top -i 10 -N 3", EXIT_DONE,
	       "time 2026-01-01T00:00:10.000Z seconds 10.000\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  rx: frames_per_s  999  bits_per_s  800k drops_per_s 2.00k\n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s  999  bits_per_s  800k drops_per_s  999 \n"
	       "time 2026-01-01T00:00:20.000Z seconds 10.000\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  rx: frames_per_s 1.00k bits_per_s  800k drops_per_s 2.00k\n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s 1.00k bits_per_s  800k drops_per_s 1.00k\n"
	       "time 2026-01-01T00:00:30.000Z seconds 10.000\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  rx: frames_per_s 12.4  bits_per_s 9.92k drops_per_s 24.8 \n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s 12.4  bits_per_s 9.92k drops_per_s 12.4 \n", "");
}

static void rates_as_json(void **state)
{
	(void)state;
	put_sample("vdpa0", 0);
	put_sample("vdpa0", 3);
	put_sample("vdpa0", 4);
	expect("-j top 0:5.0 -N 2", EXIT_DONE,
	       "{\"time\":\"2026-01-01T00:00:01.000Z\",\"seconds\":1.000,\"top\":{\"vdpa0\":{\"card\":\"0000:00:05.0\","
	       "\"rx\":{\"frames_per_s\":3.000,\"bits_per_s\":2400.000,\"drops_per_s\":6.000},"
	       "\"tx\":{\"frames_per_s\":0.000,\"bits_per_s\":0.000,\"drops_per_s\":0.000},"
	       "\"queues\":[{\"index\":0,\"frames_per_s\":3.000,\"bits_per_s\":2400.000,\"drops_per_s\":3.000}]}}}\n"
	       "{\"time\":\"2026-01-01T00:00:02.000Z\",\"seconds\":1.000,\"top\":{\"vdpa0\":{\"card\":\"0000:00:05.0\","
	       "\"rx\":{\"frames_per_s\":1.000,\"bits_per_s\":800.000,\"drops_per_s\":2.000},"
	       "\"tx\":{\"frames_per_s\":0.000,\"bits_per_s\":0.000,\"drops_per_s\":0.000},"
	       "\"queues\":[{\"index\":0,\"frames_per_s\":1.000,\"bits_per_s\":800.000,\"drops_per_s\":1.000}]}}}\n", "");
	assert_string_equal(k.card, "0000:00:05.0");
}

/* A wait that took longer than it should is part of the time; the next one is shorter for it. */
static void time_is_measured(void **state)
{
	(void)state;
	late = 0.25;
	put_sample("vdpa0", 0);
	put_sample("vdpa0", 5);
	put_sample("vdpa0", 5);
	expect("top -N2", EXIT_DONE,
	       "time 2026-01-01T00:00:01.250Z seconds 1.250\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  rx: frames_per_s 4.00  bits_per_s 3.20k drops_per_s 8.00 \n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s 4.00  bits_per_s 3.20k drops_per_s 4.00 \n"
	       "time 2026-01-01T00:00:02.250Z seconds 1.000\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  rx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n", "");
}

static void counters_that_went_back(void **state)
{
	(void)state;
	put_sample("vdpa0", 1000);
	put_sample("vdpa0", 20);
	expect("top -N 1 -i 0.5", EXIT_DONE,
	       "time 2026-01-01T00:00:00.500Z seconds 0.500\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  rx: frames_per_s 40.0  bits_per_s 32.0k drops_per_s 80.0 \n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s 40.0  bits_per_s 32.0k drops_per_s 40.0 \n", "");
}

/* One goes, another one comes, whose counters may be of any time; and all go. */
static void devices_that_come_and_go(void **state)
{
	(void)state;
	put_sample("vdpa0", 1);
	put_sample("vdpa1", 1000);
	put_sample("vdpa1", 1001);
	put_done(answer(), 0);
	put_done(answer(), 0);
	expect("top -N 3", EXIT_DONE,
	       "time 2026-01-01T00:00:01.000Z seconds 1.000\n"
	       "vdpa1: card 0000:00:05.0\n"
	       "time 2026-01-01T00:00:02.000Z seconds 1.000\n"
	       "vdpa1: card 0000:00:05.0\n"
	       "  rx: frames_per_s 1.00  bits_per_s  800  drops_per_s 2.00 \n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s 1.00  bits_per_s  800  drops_per_s 1.00 \n"
	       "time 2026-01-01T00:00:03.000Z seconds 1.000\n", "");
}

/* The answers to what is asked of one device. */
static void put_named(uint64_t value)
{
	struct bytes *b = answer();

	put_counters(b, "vdpa0", value, 0, 0);
	put_verdict(b, 0, NULL);
	b = answer();
	put_queues(b, "vdpa0", value, 0, 0);
	put_verdict(b, 0, NULL);
}

static void a_named_device_that_goes(void **state)
{
	(void)state;
	put_named(1);
	put_verdict(answer(), -ENODEV, "no such vDPA device of a vqnic card");
	put_named(1);
	put_named(2);
	expect("top vdpa0 -N 3", EXIT_DONE,
	       "time 2026-01-01T00:00:01.000Z seconds 1.000\n"
	       "time 2026-01-01T00:00:02.000Z seconds 1.000\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "time 2026-01-01T00:00:03.000Z seconds 1.000\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  rx: frames_per_s 1.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
	       "  queue 0: frames_per_s 1.00  bits_per_s 0.00  drops_per_s 0.00 \n", "");
	assert_string_equal(k.dev, "vdpa0");
	/* One that was never there is a mistake. */
	put_verdict(answer(), -ENODEV, "no such vDPA device of a vqnic card");
	expect("top vdpa7", EXIT_REFUSED, "", "vqnicctl: top vdpa7: no such vDPA device of a vqnic card: "
	       "\"vqnicctl dev show\" lists what there is\n");
}

static void a_card_that_dies(void **state)
{
	struct bytes *b;

	(void)state;
	put_named(1);
	put_verdict(answer(), -EIO, "the card does not answer");
	b = answer();
	put_queues(b, "vdpa0", 1, 0, 0);
	put_verdict(b, 0, NULL);
	expect("top vdpa0 -N 1", EXIT_DONE,
	       "time 2026-01-01T00:00:01.000Z seconds 1.000\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  queue 0: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n", "");
}

static void a_driver_that_goes(void **state)
{
	(void)state;
	put_sample("vdpa0", 0);
	put_verdict(answer(), -ENOMEM, NULL);
	expect("top", EXIT_REFUSED, "", "vqnicctl: top: Cannot allocate memory\n");
	k.loaded = false;
	expect("top", EXIT_REFUSED, "",
	       "vqnicctl: the vqnic driver is not loaded (no generic netlink family \"vqnic\"): modprobe vqnic\n");
}

static void ended_by_a_signal(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct sigaction before, after;
	sigset_t mask;

	sigaction(SIGINT, NULL, &before);
	for (unsigned int i = 0; i < 2; i++) {
		setup(state);
		end_by = signals[i];
		put_sample("vdpa0", 0);
		put_sample("vdpa0", 0);
		expect("top", EXIT_DONE,
		       "time 2026-01-01T00:00:01.000Z seconds 1.000\n"
		       "vdpa0: card 0000:00:05.0\n"
		       "  rx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
		       "  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n"
		       "  queue 0: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 \n", "");
		assert_int_equal(waits, 2);
	}
	sigaction(SIGINT, NULL, &after);
	assert_ptr_equal(before.sa_handler, after.sa_handler);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGINT));
}

/* Runs `top` for two intervals on a terminal of that size (0: not known), and compares what it was sent. */
static void expect_on_terminal(unsigned short rows, unsigned short columns, const char *option, const char *text)
{
	const struct winsize size = { .ws_row = rows, .ws_col = columns };
	char *argv[] = { (char *)"vqnicctl", (char *)"top", (char *)"-N2", (char *)option, NULL };
	char got[4096];
	int master, slave;
	FILE *terminal;
	size_t len = 0;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	terminal = fdopen(slave, "w");
	assert_non_null(terminal);
	for (unsigned int i = 0; i < 3; i++)
		put_sample("vdpa0", i);
	assert_int_equal(cli_run(option ? 4 : 3, argv, stdin, terminal, stderr), EXIT_DONE);
	/* What was written is there, in pieces. */
	while (len < strlen(text)) {
		struct pollfd pollfd = { .fd = master, .events = POLLIN };
		ssize_t more = poll(&pollfd, 1, 0) == 1 ? read(master, got + len, sizeof(got) - 1 - len) : 0;

		if (more <= 0)
			break;
		len += (size_t)more;
	}
	got[len] = '\0';
	assert_string_equal(got, text);
	fclose(terminal);
	close(master);
}

#define END "\033[K\r\n"
#define RATES(frames) \
	"vdpa0: card 0000:00:05.0" END \
	"  rx: frames_per_s " frames "  bits_per_s  800  drops_per_s 2.00 " END \
	"  tx: frames_per_s 0.00  bits_per_s 0.00  drops_per_s 0.00 " END \
	"  queue 0: frames_per_s 1.00  bits_per_s  800  drops_per_s 1.00 " END

static void redrawn_in_place(void **state)
{
	(void)state;
	expect_on_terminal(0, 0, NULL,
			   "\033[Htime 2026-01-01T00:00:01.000Z seconds 1.000" END RATES("1.00") "\033[J"
			   "\033[Htime 2026-01-01T00:00:02.000Z seconds 1.000" END RATES("1.00") "\033[J");
}

/* A line of the terminal is for the cursor: one more would move what stands there. */
static void no_more_than_the_terminal_has(void **state)
{
	(void)state;
	expect_on_terminal(6, 80, NULL,
			   "\033[Htime 2026-01-01T00:00:01.000Z seconds 1.000" END RATES("1.00") "\033[J"
			   "\033[Htime 2026-01-01T00:00:02.000Z seconds 1.000" END RATES("1.00") "\033[J");
	setup(state);
	expect_on_terminal(5, 11, "-c=always",
			   "\033[Htime 2026-0" END "\033[36mvdpa0\033[0m: card\033[36m\033[0m" END "  rx: frame" END
			   "... 2 more " END "\033[J"
			   "\033[Htime 2026-0" END "\033[36mvdpa0\033[0m: card\033[36m\033[0m" END "  rx: frame" END
			   "... 2 more " END "\033[J");
}

static void json_on_a_terminal_is_lines(void **state)
{
	const char *lines =
		"{\"time\":\"2026-01-01T00:00:01.000Z\",\"seconds\":1.000,\"top\":{\"vdpa0\":{\"card\":\"0000:00:05.0\","
		"\"rx\":{\"frames_per_s\":1.000,\"bits_per_s\":800.000,\"drops_per_s\":2.000},"
		"\"tx\":{\"frames_per_s\":0.000,\"bits_per_s\":0.000,\"drops_per_s\":0.000},"
		"\"queues\":[{\"index\":0,\"frames_per_s\":1.000,\"bits_per_s\":800.000,\"drops_per_s\":1.000}]}}}\r\n";
	char *twice;

	(void)state;
	assert_true(asprintf(&twice, "%s%s", lines, lines) > 0);
	memcpy(strstr(twice + strlen(lines), ":01.000Z"), ":02", 3);
	expect_on_terminal(24, 80, "-j", twice);
	free(twice);
}

static void full_disk(void **state)
{
	char *argv[] = { (char *)"vqnicctl", (char *)"top", NULL };
	FILE *full = fopen("/dev/full", "w"), *err_file;
	char *err_text = NULL;
	size_t err_len;

	(void)state;
	assert_non_null(full);
	put_sample("vdpa0", 0);
	put_sample("vdpa0", 0);
	err_file = open_memstream(&err_text, &err_len);
	assert_int_equal(cli_run(2, argv, stdin, full, err_file), EXIT_REFUSED);
	fclose(full);
	fclose(err_file);
	assert_non_null(strstr(err_text, "vqnicctl: top: "));
	free(err_text);
}

static void wrong_command_lines(void **state)
{
	static const char *const intervals[] = { "0", "0.09", "3600.1", "-1", "1e1", "0x1", "1s", ".5", "1.5.", "inf", "nan" };
	static const char *const counts[] = { "0", "-1", "+1", "1.0", "1x", "1000000001", "99999999999999999999" };
	char line[80], err[160];

	(void)state;
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		snprintf(line, sizeof(line), "top -i %s", intervals[i]);
		snprintf(err, sizeof(err), "vqnicctl: --interval cannot be \"%s\": it is 0.1..3600 seconds\n", intervals[i]);
		expect(line, EXIT_USAGE, "", err);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		snprintf(line, sizeof(line), "top --count %s", counts[i]);
		snprintf(err, sizeof(err), "vqnicctl: --count cannot be \"%s\": it is 1..1000000000\n", counts[i]);
		expect(line, EXIT_USAGE, "", err);
	}
	expect("card show -i 1", EXIT_USAGE, "", "vqnicctl: --interval and --count are for \"top\" only\n");
	expect("monitor -N 1", EXIT_USAGE, "", "vqnicctl: --interval and --count are for \"top\" only\n");
	expect("-b - -N 1", EXIT_USAGE, "", "vqnicctl: --interval and --count are for \"top\", which no batch can have\n");
	expect_of_input("-b -", "top\n", 4, EXIT_USAGE, "",
			"vqnicctl: -:1: top: no batch can have it: the standard output is its own\n");
	expect("top a b", EXIT_USAGE, "", "vqnicctl: top: \"a\" is no PCI address: give one like 0000:00:05.0\n");
	expect("top 0:5.0 a b", EXIT_USAGE, "", "vqnicctl: top: unexpected argument \"b\": it takes [CARD] [DEV]\n");
	expect("top -n", EXIT_USAGE, "", "vqnicctl: --dry-run is for \"config apply\" only\n");
	assert_int_equal(k.lookups, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rates_of_all),
		TEST(digits_of_rates),
		TEST(rates_as_json),
		TEST(time_is_measured),
		TEST(counters_that_went_back),
		TEST(devices_that_come_and_go),
		TEST(a_named_device_that_goes),
		TEST(a_card_that_dies),
		TEST(a_driver_that_goes),
		TEST(ended_by_a_signal),
		TEST(redrawn_in_place),
		TEST(no_more_than_the_terminal_has),
		TEST(json_on_a_terminal_is_lines),
		TEST(full_disk),
		TEST(wrong_command_lines),
	};

	return cmocka_run_group_tests_name("ctl_top", tests, NULL, NULL);
}
