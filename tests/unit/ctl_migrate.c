// SPDX-License-Identifier: Apache-2.0
/* The commands `migrate` of vqnicctl, from command line and files to requests, over a kernel that is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "cli.h"
#include "command.h"
#include "ctl_kernel.h"

#define GOLDEN "tests/unit/migration/v1.state"

/* Device parts of a driver that has accepted VERSION_1 and runs queue 1. */
static const uint8_t parts[] = {
	0x01, 0x01, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0,  8, 0, 0, 0,  0, 0, 0, 0, 1, 0, 0, 0,
	0x03, 0x01, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0,  1, 0, 0, 0,  0xf,
	0x04, 0x01, 0, 0,  1, 0, 0, 0, 0, 0, 0, 0,  32, 0, 0, 0,
	0, 1, 0xff, 0xff, 1, 0, 0, 0,  0, 0x10, 0, 0, 0, 0, 0, 0,  0, 0x20, 0, 0, 0, 0, 0, 0,  0, 0x30, 0, 0, 0, 0, 0, 0,
};

static void put_state(struct bytes *b)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0xfe };
	size_t at = begin_genl(b, FAMILY, 0), nest;

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(b, VQNIC_A_DEV_NAME, "vdpa0");
	put_attr(b, VQNIC_A_DEV_MAC, mac, sizeof(mac));
	put_u32(b, VQNIC_A_DEV_MTU, 1500);
	put_u32(b, VQNIC_A_DEV_PAIRS, 1);
	put_attr(b, VQNIC_A_DEV_PARTS, parts, sizeof(parts));
	nest = begin_nest(b, VQNIC_A_QUEUE);
	put_u32(b, VQNIC_A_QUEUE_INDEX, 1);
	put_u32(b, VQNIC_A_QUEUE_AVAIL, 65535);
	put_u32(b, VQNIC_A_QUEUE_USED, 65535);
	end_nest(b, nest);
	nest = begin_nest(b, VQNIC_A_FILTER_POLICY);
	put_attr(b, VQNIC_FILTER_A_MAC, mac, sizeof(mac));
	put_u32(b, VQNIC_FILTER_A_MACS_MAX, 96);
	put_attr(b, VQNIC_FILTER_A_UNICAST, "\x02\0\0\0\0\x01", 6);
	put_u8(b, VQNIC_FILTER_A_SPOOF_CHECK, 1);
	put_u8(b, VQNIC_FILTER_A_TRUST, 0);
	put_attr(b, VQNIC_FILTER_A_PORT_VLAN, "\x2a", 2);
	put_u8(b, VQNIC_FILTER_A_PCP, 5);
	put_attr(b, VQNIC_FILTER_A_ALL_VLANS, NULL, 0);
	end_nest(b, nest);
	end_message(b, at);
	put_verdict(b, 0, NULL);
}

/* Answers to what is asked of a device that runs: how it is, suspend, and its state. */
static void answer_save(void)
{
	struct bytes *b = answer();

	put_dev(b, 0);
	put_verdict(b, 0, NULL);
	put_verdict(answer(), 0, NULL);
	put_state(answer());
}

static void asked(const char *requests)
{
	assert_int_equal(k.requests, strlen(requests));
	for (size_t i = 0; i < k.requests; i++)
		assert_int_equal(k.commands[i], requests[i]);
}

/* What the tests write to, until the next one. */
static char file[64];

static int files_setup(void **state)
{
	snprintf(file, sizeof(file), "/tmp/ctl_migrate.%d", getpid());
	unlink(file);
	return kernel_setup(state);
}

static int files_teardown(void **state)
{
	(void)state;
	unlink(file);
	return 0;
}

static char *with_file(const char *format)
{
	static char line[256];

	snprintf(line, sizeof(line), format, file);
	return line;
}

static const struct nlattr *sent(int type)
{
	const struct nlattr *attr = nlmsg_find_attr((struct nlmsghdr *)k.sent.data, GENL_HDRLEN, type);

	assert_non_null(attr);
	return attr;
}

/* What one driver gives is what the other one gets. */
static void there_and_back(void **state)
{
	const struct nlattr *queue;

	(void)state;
	answer_save();
	expect(with_file("migrate save vdpa0 -o %s"), EXIT_DONE, "", "");
	asked((const char[]){ VQNIC_CMD_DEV_GET, VQNIC_CMD_SUSPEND, VQNIC_CMD_STATE_GET, 0 });
	put_verdict(answer(), 0, NULL);
	expect(with_file("migrate load 0:6.0 vdpa1 %s"), EXIT_DONE, "", "");
	assert_int_equal(k.command, VQNIC_CMD_STATE_SET);
	assert_string_equal(k.card, "0000:00:06.0");
	assert_string_equal(k.dev, "vdpa1");
	assert_memory_equal(nla_data(sent(VQNIC_A_DEV_MAC)), "\x52\x54\x00\x12\x34\xfe", 6);
	assert_int_equal(nla_get_u32(sent(VQNIC_A_DEV_MTU)), 1500);
	assert_int_equal(nla_get_u32(sent(VQNIC_A_DEV_PAIRS)), 1);
	assert_int_equal(nla_len(sent(VQNIC_A_DEV_PARTS)), sizeof(parts));
	assert_memory_equal(nla_data(sent(VQNIC_A_DEV_PARTS)), parts, sizeof(parts));
	queue = nla_data(sent(VQNIC_A_QUEUE));
	assert_int_equal(nla_type(queue), VQNIC_A_QUEUE_INDEX);
	assert_int_equal(nla_get_u32(queue), 1);
	assert_true(k.policy.present[0] ==
		    (1 << VQNIC_FILTER_A_MACS_MAX | 1 << VQNIC_FILTER_A_UNICAST | 1 << VQNIC_FILTER_A_SPOOF_CHECK |
		     1 << VQNIC_FILTER_A_TRUST | 1 << VQNIC_FILTER_A_PORT_VLAN | 1 << VQNIC_FILTER_A_PCP |
		     1 << VQNIC_FILTER_A_ALL_VLANS));
	assert_true(k.policy.spoof_check);
	assert_int_equal(k.policy.port_vlan, 42);
	assert_int_equal(k.policy.pcp, 5);
	assert_int_equal(k.policy.mac_count, 1);
}

/* A device that was suspended by somebody else is left so. */
static void suspended_before(void **state)
{
	struct bytes *b = answer();
	size_t at;

	(void)state;
	at = begin_genl(b, FAMILY, 0);
	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(b, VQNIC_A_DEV_NAME, "vdpa0");
	put_u32(b, VQNIC_A_DEV_STATE, VQNIC_DEV_STATE_SUSPENDED);
	end_message(b, at);
	put_verdict(b, 0, NULL);
	put_verdict(answer(), -EIO, "the card does not answer");
	expect(with_file("migrate save vdpa0 -o %s"), EXIT_REFUSED, "",
	       "vqnicctl: migrate save vdpa0: the card does not answer\n");
	asked((const char[]){ VQNIC_CMD_DEV_GET, VQNIC_CMD_STATE_GET, 0 });
	assert_null(fopen(file, "r"));
}

/* Who cannot finish lets the device go on, and leaves what was there. */
static void it_goes_on(void **state)
{
	static const char all[] = { VQNIC_CMD_DEV_GET, VQNIC_CMD_SUSPEND, VQNIC_CMD_STATE_GET, VQNIC_CMD_RESUME, 0 };

	(void)state;
	answer_save();
	put_verdict(answer(), 0, NULL);
	expect("migrate save vdpa0 -o /nowhere/state", EXIT_REFUSED, "",
	       "vqnicctl: migrate save vdpa0: cannot write /nowhere/state: No such file or directory; the device goes on\n");
	asked(all);

	kernel_setup(state);
	answer_save();
	put_verdict(answer(), -EIO, "the card does not answer");
	expect("migrate save vdpa0 -o /proc", EXIT_REFUSED, "",
	       "vqnicctl: migrate save vdpa0: cannot write /proc: Is a directory; the device stays suspended: "
	       "the card does not answer\n");
	asked(all);

	/* What is no file is written to, and not replaced by one. */
	kernel_setup(state);
	answer_save();
	put_verdict(answer(), 0, NULL);
	expect("migrate save vdpa0 -o /dev/full", EXIT_REFUSED, "",
	       "vqnicctl: migrate save vdpa0: cannot write /dev/full: No space left on device; the device goes on\n");
	asked(all);
}

/* What was there stays until the new one is whole; a link stays a link, and a device a device. */
static void what_was_there(void **state)
{
	char link[80], bytes[4];
	struct stat null;
	FILE *old = fopen(file, "w");

	assert_non_null(old);
	assert_int_equal(fwrite("old", 1, 3, old), 3);
	fclose(old);
	snprintf(link, sizeof(link), "%s.link", file);
	unlink(link);
	assert_int_equal(symlink(file, link), 0);
	answer_save();
	expect(with_file("migrate save vdpa0 -o %s.link"), EXIT_DONE, "", "");
	assert_true(readlink(link, bytes, sizeof(bytes)) > 0);
	unlink(link);
	expect(with_file("-j migrate show %s"), EXIT_DONE,
	       "{\"migrate\":{\"mac\":\"52:54:00:12:34:fe\",\"mtu\":1500,\"pairs\":1,\"accepted\":[\"VERSION_1\"],"
	       "\"status\":[\"acknowledge\",\"driver\",\"driver_ok\",\"features_ok\"],\"queues\":[{\"index\":1,\"size\":256,"
	       "\"avail\":65535,\"used\":65535,\"desc\":4096,\"driver\":8192,\"device\":12288}],\"guest\":{},"
	       "\"policy\":{\"spoofchk\":true,\"trust\":false,\"port_vlan\":42,\"pcp\":5,\"vlans\":[\"all\"],\"macs_max\":96,"
	       "\"macs\":[\"02:00:00:00:00:01\"]}}}\n", "");
	kernel_setup(state);
	answer_save();
	expect("migrate save vdpa0 -o /dev/null", EXIT_DONE, "", "");
	assert_int_equal(stat("/dev/null", &null), 0);
	assert_true(S_ISCHR(null.st_mode));
}

static void not_suspended(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_dev(b, 0);
	put_verdict(b, 0, NULL);
	put_verdict(answer(), -EBUSY, "no driver runs the device");
	expect("migrate save vdpa0", EXIT_REFUSED, "", "vqnicctl: migrate save vdpa0: no driver runs the device\n");
	asked((const char[]){ VQNIC_CMD_DEV_GET, VQNIC_CMD_SUSPEND, 0 });
}

static void suspend_and_resume(void **state)
{
	(void)state;
	put_verdict(answer(), 0, NULL);
	expect("migrate suspend vdpa0", EXIT_DONE, "", "");
	put_verdict(answer(), -EBUSY, "the device is not suspended");
	expect("migrate resume 0:5.0 vdpa0", EXIT_REFUSED, "",
	       "vqnicctl: migrate resume 0000:00:05.0 vdpa0: the device is not suspended\n");
	asked((const char[]){ VQNIC_CMD_SUSPEND, VQNIC_CMD_RESUME, 0 });
}

/* Nothing is asked of the driver for a stream that is not whole. */
static void damaged(void **state)
{
	static uint8_t bytes[4096];
	FILE *golden = fopen(GOLDEN, "r");
	size_t len;

	(void)state;
	assert_non_null(golden);
	len = fread(bytes, 1, sizeof(bytes), golden);
	fclose(golden);
	assert_true(len > 1000 && len < sizeof(bytes));
	put_verdict(answer(), 0, NULL);
	expect_of_input("migrate load vdpa1", bytes, len, EXIT_DONE, "", "");
	assert_int_equal(k.command, VQNIC_CMD_STATE_SET);
	expect_of_input("migrate load vdpa1", bytes, 20, EXIT_REFUSED, "",
			"vqnicctl: migrate load vdpa1: this is no state of a device\n");
	bytes[len - 1] ^= 1;
	expect_of_input("migrate load vdpa1", bytes, len, EXIT_REFUSED, "",
			"vqnicctl: migrate load vdpa1: section 0 is damaged: its checksum is wrong\n");
	expect("migrate load vdpa1 /nowhere/state", EXIT_REFUSED, "",
	       "vqnicctl: migrate load vdpa1: cannot open /nowhere/state: No such file or directory\n");
	expect("migrate load vdpa1 /", EXIT_REFUSED, "", "vqnicctl: migrate load vdpa1: cannot read /: Is a directory\n");
	expect("migrate load vdpa1 /dev/zero", EXIT_REFUSED, "",
	       "vqnicctl: migrate load vdpa1: cannot read /dev/zero: File too large\n");
	assert_int_equal(k.requests, 1);
}

static void shown(void **state)
{
	(void)state;
	expect("migrate show " GOLDEN, EXIT_DONE,
	       "mac 52:54:00:12:34:56 mtu 1500 pairs 2\n"
	       "offered CSUM GUEST_CSUM MAC STATUS CTRL_VQ CTRL_RX CTRL_VLAN CTRL_RX_EXTRA GUEST_ANNOUNCE MQ CTRL_MAC_ADDR "
	       "RING_INDIRECT_DESC RING_EVENT_IDX VERSION_1\n"
	       "accepted CSUM GUEST_CSUM MAC STATUS CTRL_VQ CTRL_RX CTRL_VLAN RING_INDIRECT_DESC RING_EVENT_IDX VERSION_1\n"
	       "status acknowledge driver driver_ok features_ok\n"
	       "queue 0: size 256 avail 65534 used 65534 desc 0x10000000 driver 0x10001000 device 0x10002000\n"
	       "queue 1: size 256 avail 65535 used 65535 desc 0x10010000 driver 0x10011000 device 0x10012000\n"
	       "queue 2: size 256 avail 0 used 0 desc 0x10020000 driver 0x10021000 device 0x10022000\n"
	       "queue 3: size 256 avail 1 used 1 desc 0x10030000 driver 0x10031000 device 0x10032000\n"
	       "queue 4: size 256 avail 2 used 2 desc 0x10040000 driver 0x10041000 device 0x10042000\n"
	       "guest: mac 02:00:00:00:00:07 rx_mode allmulti nomulti nobcast\n"
	       "  unicast 02:00:00:00:00:01\n"
	       "  multicast 33:33:00:00:00:01 01:00:5e:00:00:01\n"
	       "  vlans 1 4094 pairs_used 2 offloads GUEST_CSUM\n"
	       "policy: spoofchk true trust false port_vlan 42 pcp 3 vlans 8-15 macs_max 96\n"
	       "  macs 02:00:00:00:00:08 02:00:00:00:00:09\n", "");
	assert_int_equal(k.requests, 0);
}

static void usage(void **state)
{
	static const char *const lines[][2] = {
		{ "migrate", "migrate: the verb is missing: \"vqnicctl --help\" lists the commands" },
		{ "migrate save", "migrate save: the device is missing: it takes [CARD] DEV [-o FILE]" },
		{ "migrate save 0:5.0", "migrate save: the device is missing: it takes [CARD] DEV [-o FILE]" },
		{ "migrate save vdpa0 f", "migrate save: unexpected argument \"f\": it takes [CARD] DEV [-o FILE]" },
		{ "migrate load vdpa0 f g", "migrate load: unexpected argument \"g\": it takes [CARD] DEV [FILE]" },
		{ "migrate show f g", "migrate show: unexpected argument \"g\": it takes [FILE]" },
		{ "migrate suspend vdpa0 f", "migrate suspend: unexpected argument \"f\": it takes [CARD] DEV" },
		{ "card show -o f", "--output is for \"migrate save\" only" },
		{ "-b - -o f", "--output is for \"migrate save\", which no batch can have" },
	};
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(err, sizeof(err), "vqnicctl: %s\n", lines[i][1]);
		expect(lines[i][0], EXIT_USAGE, "", err);
	}
	expect_of_input("-b -", "migrate save vdpa0", 18, EXIT_USAGE, "",
			"vqnicctl: -:1: migrate: no batch can have it: the standard output is its own\n");
	assert_int_equal(k.requests, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_and_back),
		TEST(suspended_before),
		TEST(it_goes_on),
		TEST(what_was_there),
		TEST(not_suspended),
		TEST(suspend_and_resume),
		TEST(damaged),
		TEST(shown),
		TEST(usage),
	};

	return cmocka_run_group_tests_name("ctl_migrate", tests, NULL, NULL);
}
