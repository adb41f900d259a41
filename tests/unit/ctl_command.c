// SPDX-License-Identifier: Apache-2.0
/* vqnicctl from command line to output, with the library, over a kernel that is played (ctl_kernel.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "command.h"
#include "ctl_kernel.h"

static void card_text(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_card(b, 0);
	put_verdict(b, 0, NULL);
	expect("card show pci/0000:00:05.0", EXIT_DONE,
	       "0000:00:05.0: version 1.2 state ok link up vdevs 2 vdevs_used 1 vdev_vqs 3 vq_size_max 1024 mtu_max 9216\n"
	       "  pairs 64 pairs_used 7 spaces 16 spaces_used 5 vectors 32 data_bits 512 clock_hz 250000000 cycles 1311768467463790320\n"
	       "  features bit_3\n"
	       "  virtio_features MAC VERSION_1 bit_44\n"
	       "  default_mask 0x100000020 migratable_mask 0x100000020\n"
	       "  blocks_migration bit_44\n"
	       "  refusal pci/0000:00:05.0: MTU 9217 is above 9216\n", "");
	assert_int_equal(k.command, VQNIC_CMD_CARD_GET);
	assert_false(k.dump);
	assert_string_equal(k.card, "0000:00:05.0");
}

static void card_json(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_card(b, NLM_F_MULTI);
	put_done(b, 0);
	expect("-j card show", EXIT_DONE,
	       "{\"card\":{\"0000:00:05.0\":{\"version\":\"1.2\",\"state\":\"ok\",\"link\":\"up\",\"vdevs\":2,"
	       "\"vdevs_used\":1,\"vdev_vqs\":3,\"vq_size_max\":1024,\"mtu_max\":9216,"
	       "\"pairs\":64,\"pairs_used\":7,\"spaces\":16,\"spaces_used\":5,\"vectors\":32,"
	       "\"data_bits\":512,\"clock_hz\":250000000,\"cycles\":1311768467463790320,\"features\":[\"bit_3\"],"
	       "\"virtio_features\":[\"MAC\",\"VERSION_1\",\"bit_44\"],\"default_mask\":4294967328,"
	       "\"migratable_mask\":4294967328,\"blocks_migration\":[\"bit_44\"],\"refusal\":\"pci/0000:00:05.0: MTU 9217 is above 9216\"}}}\n", "");
	assert_true(k.dump);
	assert_string_equal(k.card, "");
}

static void a_dead_card(void **state)
{
	struct bytes *b = answer();
	size_t at;

	(void)state;
	at = begin_genl(b, FAMILY, NLM_F_MULTI);
	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_attr(b, VQNIC_A_CARD_DEAD, NULL, 0);
	end_message(b, at);
	put_done(b, 0);
	expect("card show", EXIT_DONE, "0000:00:05.0: state dead\n", "");
}

static void no_cards(void **state)
{
	(void)state;
	put_done(answer(), 0);
	put_done(answer(), 0);
	expect("card show", EXIT_DONE, "", "");
	expect("card show -j", EXIT_DONE, "{\"card\":{}}\n", "");
}

static void dev_text(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_dev(b, 0);
	put_verdict(b, 0, NULL);
	expect("dev show vdpa0", EXIT_DONE,
	       "vdpa0: card 0000:00:05.0 state running index 1 mac 52:54:00:12:34:fe link down mtu 1500 as_data 3 pairs_used 4 commands 9 commands_refused 1\n"
	       "  status acknowledge driver driver_ok features_ok\n"
	       "  offered MAC ACCESS_PLATFORM\n"
	       "  accepted none\n"
	       "  offloads GUEST_CSUM\n"
	       "  log_iova 0x100000 log_size 8589934592\n"
	       "  queue 0: size 256 ready true avail 65535 used 12 irq 33\n"
	       "  queue 1: ready false fault DESC_INDEX fault_code 4 fault_info 0x1ff\n"
	       "  space 0: index 3 maps 5 bytes 1107308544 leaves_1g 1 leaves_2m 16 leaves_4k 4 tables 6\n"
	       "  space 1:\n", "");
	assert_int_equal(k.command, VQNIC_CMD_DEV_GET);
	assert_false(k.dump);
	assert_string_equal(k.card, "");
	assert_string_equal(k.dev, "vdpa0");
}

static void dev_json_pretty(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_dev(b, 0);
	put_verdict(b, 0, NULL);
	expect("dev show 00:05.0 vdpa0 --pretty", EXIT_DONE,
	       "{\n"
	       "  \"dev\": {\n"
	       "    \"vdpa0\": {\n"
	       "      \"card\": \"0000:00:05.0\",\n"
	       "      \"state\": \"running\",\n"
	       "      \"index\": 1,\n"
	       "      \"mac\": \"52:54:00:12:34:fe\",\n"
	       "      \"link\": \"down\",\n"
	       "      \"mtu\": 1500,\n"
	       "      \"as_data\": 3,\n"
	       "      \"pairs_used\": 4,\n"
	       "      \"commands\": 9,\n"
	       "      \"commands_refused\": 1,\n"
	       "      \"status\": [\n"
	       "        \"acknowledge\",\n"
	       "        \"driver\",\n"
	       "        \"driver_ok\",\n"
	       "        \"features_ok\"\n"
	       "      ],\n"
	       "      \"offered\": [\n"
	       "        \"MAC\",\n"
	       "        \"ACCESS_PLATFORM\"\n"
	       "      ],\n"
	       "      \"accepted\": [],\n"
	       "      \"offloads\": [\n"
	       "        \"GUEST_CSUM\"\n"
	       "      ],\n"
	       "      \"log_iova\": 1048576,\n"
	       "      \"log_size\": 8589934592,\n"
	       "      \"queues\": [\n"
	       "        {\n"
	       "          \"index\": 0,\n"
	       "          \"size\": 256,\n"
	       "          \"ready\": true,\n"
	       "          \"avail\": 65535,\n"
	       "          \"used\": 12,\n"
	       "          \"irq\": 33\n"
	       "        },\n"
	       "        {\n"
	       "          \"index\": 1,\n"
	       "          \"ready\": false,\n"
	       "          \"fault\": \"DESC_INDEX\",\n"
	       "          \"fault_code\": 4,\n"
	       "          \"fault_info\": 511\n"
	       "        }\n"
	       "      ],\n"
	       "      \"spaces\": [\n"
	       "        {\n"
	       "          \"asid\": 0,\n"
	       "          \"index\": 3,\n"
	       "          \"maps\": 5,\n"
	       "          \"bytes\": 1107308544,\n"
	       "          \"leaves_1g\": 1,\n"
	       "          \"leaves_2m\": 16,\n"
	       "          \"leaves_4k\": 4,\n"
	       "          \"tables\": 6\n"
	       "        },\n"
	       "        {\n"
	       "          \"asid\": 1\n"
	       "        }\n"
	       "      ]\n"
	       "    }\n"
	       "  }\n"
	       "}\n", "");
	assert_string_equal(k.card, "0000:00:05.0");
	assert_string_equal(k.dev, "vdpa0");
}

static void queue_text(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_dev(b, 0);
	put_verdict(b, 0, NULL);
	expect("queue show vdpa0", EXIT_DONE,
	       "vdpa0: card 0000:00:05.0 pairs_used 4\n"
	       "  queue 0: ready true irq 33 vector own frames 7 bytes 4294967296 drops 2\n"
	       "  queue 1: ready false vector shared fault DESC_INDEX fault_code 4 fault_info 0x1ff\n", "");
	assert_int_equal(k.command, VQNIC_CMD_DEV_GET);
}

static void mac_text(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_filter(b, 0);
	put_verdict(b, 0, NULL);
	expect("mac show vdpa0", EXIT_DONE,
	       "vdpa0: card 0000:00:05.0\n"
	       "  guest: mac 52:54:00:12:34:fe rx_mode promisc nobcast bit_30\n"
	       "    unicast 02:00:00:00:00:01\n"
	       "    multicast 33:33:00:00:00:01\n"
	       "  policy: mac 52:54:00:12:34:fe macs_max 96 spoofchk true trust false\n"
	       "    unicast 02:00:00:00:00:01\n"
	       "  in_force: rx_mode none\n"
	       "    unicast 52:54:00:12:34:fe 02:00:00:00:00:01\n"
	       "    multicast none\n", "");
	assert_int_equal(k.command, VQNIC_CMD_FILTER_GET);
	assert_false(k.dump);
	assert_string_equal(k.dev, "vdpa0");
}

static void mac_json(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_filter(b, NLM_F_MULTI);
	put_done(b, 0);
	expect("-j mac show", EXIT_DONE,
	       "{\"mac\":{\"vdpa0\":{\"card\":\"0000:00:05.0\","
	       "\"guest\":{\"mac\":\"52:54:00:12:34:fe\",\"rx_mode\":[\"promisc\",\"nobcast\",\"bit_30\"],"
	       "\"unicast\":[\"02:00:00:00:00:01\"],\"multicast\":[\"33:33:00:00:00:01\"]},"
	       "\"policy\":{\"mac\":\"52:54:00:12:34:fe\",\"macs_max\":96,\"spoofchk\":true,\"trust\":false,"
	       "\"unicast\":[\"02:00:00:00:00:01\"]},"
	       "\"in_force\":{\"rx_mode\":[],\"unicast\":[\"52:54:00:12:34:fe\",\"02:00:00:00:00:01\"],"
	       "\"multicast\":[]}}}}\n", "");
	assert_true(k.dump);
}

static void vlan_text_and_json(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_filter(b, 0);
	put_verdict(b, 0, NULL);
	expect("vlan show vdpa0", EXIT_DONE,
	       "vdpa0: card 0000:00:05.0\n"
	       "  guest: vlans 1 7-9 4094\n"
	       "  policy: port_vlan 300 pcp 5 vlans all\n"
	       "  in_force: port_vlan 0 vlans all tx_vlans 1 7-9 4094\n", "");
	b = answer();
	put_filter(b, 0);
	put_verdict(b, 0, NULL);
	expect("vlan show vdpa0 -j", EXIT_DONE,
	       "{\"vlan\":{\"vdpa0\":{\"card\":\"0000:00:05.0\",\"guest\":{\"vlans\":[\"1\",\"7-9\",\"4094\"]},"
	       "\"policy\":{\"port_vlan\":300,\"pcp\":5,\"vlans\":[\"all\"]},"
	       "\"in_force\":{\"port_vlan\":0,\"vlans\":[\"all\"],\"tx_vlans\":[\"1\",\"7-9\",\"4094\"]}}}}\n", "");
}

static void policy_text(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_filter(b, 0);
	put_verdict(b, 0, NULL);
	expect("policy show 0:5.0 vdpa0", EXIT_DONE,
	       "vdpa0: card 0000:00:05.0 mac 52:54:00:12:34:fe spoofchk true trust false port_vlan 300 pcp 5 vlans all "
	       "macs_max 96\n  macs 02:00:00:00:00:01\n", "");
	assert_string_equal(k.card, "0000:00:05.0");
}

/* Sets the policy by the command line; k.policy is what the driver was asked for. */
static void set_policy(const char *line)
{
	put_verdict(answer(), 0, NULL);
	expect(line, EXIT_DONE, "", "");
	assert_int_equal(k.command, VQNIC_CMD_POLICY_SET);
	assert_false(k.dump);
}

static void policy_is_set(void **state)
{
	(void)state;
	set_policy("policy set vdpa0 spoofchk on trust off");
	assert_string_equal(k.dev, "vdpa0");
	assert_string_equal(k.card, "");
	assert_true(k.policy.present[0] == (1 << VQNIC_FILTER_A_SPOOF_CHECK | 1 << VQNIC_FILTER_A_TRUST));
	assert_true(k.policy.spoof_check);
	assert_false(k.policy.trust);

	set_policy("policy set pci/0000:00:05.0 vdpa0 pcp 7 port-vlan 4094");
	assert_string_equal(k.card, "0000:00:05.0");
	assert_true(k.policy.present[0] == (1 << VQNIC_FILTER_A_PORT_VLAN | 1 << VQNIC_FILTER_A_PCP));
	assert_int_equal(k.policy.port_vlan, 4094);
	assert_int_equal(k.policy.pcp, 7);

	set_policy("policy set vdpa0 port-vlan none");
	assert_true(k.policy.present[0] == 1 << VQNIC_FILTER_A_PORT_VLAN);
	assert_int_equal(k.policy.port_vlan, 0);

	set_policy("policy set vdpa0 vlans all");
	assert_true(k.policy.present[0] == 1 << VQNIC_FILTER_A_ALL_VLANS);

	set_policy("policy set vdpa0 vlans none");
	assert_true(k.policy.present[0] == 1 << VQNIC_FILTER_A_VLANS);
	for (unsigned int vid = 0; vid < 4096; vid++)
		assert_false(VQNIC_VLANS_HAS(k.policy.vlans, vid));

	set_policy("policy set vdpa0 vlans 4094,1,7-9");
	for (unsigned int vid = 0; vid < 4096; vid++)
		assert_int_equal(VQNIC_VLANS_HAS(k.policy.vlans, vid),
				 vid == 1 || (vid >= 7 && vid <= 9) || vid == 4094);

	set_policy("policy set vdpa0 macs none macs-max 0");
	assert_true(k.policy.present[0] == (1 << VQNIC_FILTER_A_UNICAST | 1 << VQNIC_FILTER_A_MACS_MAX));
	assert_int_equal(k.policy.mac_count, 0);
	assert_int_equal(k.policy.macs_max, 0);

	set_policy("policy set vdpa0 macs 02:00:00:00:00:aB,52:54:00:12:34:56 macs-max 96");
	assert_int_equal(k.policy.mac_count, 2);
	assert_memory_equal(k.policy.macs, "\x02\0\0\0\0\xab\x52\x54\0\x12\x34\x56", 12);
	assert_int_equal(k.policy.macs_max, 96);
}

/* As many addresses as a policy can allow, and one more. */
static void many_macs(void **state)
{
	char err[80 + (VQNIC_POLICY_MACS + 1) * 18];
	char line[32 + (VQNIC_POLICY_MACS + 1) * 18] = "policy set vdpa0 macs 02:00:00:00:00:00";

	(void)state;
	for (unsigned int i = 1; i < VQNIC_POLICY_MACS; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), ",02:00:00:00:00:%02x", i);
	set_policy(line);
	assert_int_equal(k.policy.mac_count, VQNIC_POLICY_MACS);
	for (unsigned int i = 0; i < VQNIC_POLICY_MACS; i++)
		assert_int_equal(k.policy.macs[i][5], i);
	strcat(line, ",02:00:00:00:00:00");
	snprintf(err, sizeof(err), "vqnicctl: policy set: macs cannot be \"%s\": it is none|LIST\n", strstr(line, "02:"));
	expect(line, EXIT_USAGE, "", err);
}

static void policy_is_refused(void **state)
{
	(void)state;
	put_verdict(answer(), -EPERM, NULL);
	expect("policy set vdpa0 trust on", EXIT_REFUSED, "",
	       "vqnicctl: policy set vdpa0: Operation not permitted: it needs CAP_NET_ADMIN\n");
	put_verdict(answer(), -EINVAL, "a priority needs a port VLAN");
	expect("policy set vdpa0 pcp 1", EXIT_REFUSED, "",
	       "vqnicctl: policy set vdpa0: a priority needs a port VLAN\n");
}

static void dirty_log_is_started_and_stopped(void **state)
{
	struct vqnic *vq = vqnic_new();
	struct bytes *b = answer();

	(void)state;
	put_verdict(b, 0, NULL);
	assert_int_equal(vqnic_log_start(vq, "0000:00:05.0", "vdpa0", 0x5000, UINT64_C(0x123456000)), 0);
	assert_int_equal(k.command, VQNIC_CMD_LOG_START);
	assert_false(k.dump);
	assert_string_equal(k.card, "0000:00:05.0");
	assert_string_equal(k.dev, "vdpa0");
	assert_int_equal(k.log_iova, 0x5000);
	assert_true(k.log_size == UINT64_C(0x123456000));
	put_verdict(answer(), -EBUSY, "the device has a dirty log already");
	assert_int_equal(vqnic_log_start(vq, NULL, "vdpa0", 0, 4096), -EBUSY);
	assert_string_equal(vqnic_error(vq), "the device has a dirty log already");
	put_verdict(answer(), 0, NULL);
	assert_int_equal(vqnic_log_stop(vq, NULL, "vdpa0"), 0);
	assert_int_equal(k.command, VQNIC_CMD_LOG_STOP);
	assert_string_equal(k.card, "");
	assert_string_equal(k.dev, "vdpa0");
	assert_int_equal(k.log_size, 0);
	vqnic_free(vq);
}

/* More than one request can be about is read by several, and what is written is added to what the caller knows. */
static void dirty_log_is_read_in_pieces(void **state)
{
	const uint32_t piece = VQNIC_LOG_READ_MAX / 4096;
	static uint8_t bits[VQNIC_LOG_READ_MAX / 4096 / 8], bitmap[2 * sizeof(bits) + 2];
	struct vqnic *vq = vqnic_new();
	struct bytes *b;

	(void)state;
	bits[0] = 0x02;
	bits[sizeof(bits) - 1] = 0x80;
	for (unsigned int i = 0; i < 2; i++) {
		b = answer();
		put_log(b, 0x3000 + (uint64_t)i * VQNIC_LOG_READ_MAX, piece, bits);
		put_verdict(b, 0, NULL);
	}
	b = answer();
	put_log(b, 0x3000 + UINT64_C(2) * VQNIC_LOG_READ_MAX, 3, (const uint8_t[]){ 0x05 });
	put_verdict(b, 0, NULL);
	bitmap[0] = 0x40;
	assert_int_equal(vqnic_log_read(vq, NULL, "vdpa0", 0x3000, UINT64_C(2) * VQNIC_LOG_READ_MAX + 3 * 4096, bitmap), 0);
	assert_int_equal(k.command, VQNIC_CMD_LOG_READ);
	assert_int_equal(k.requests, 3);
	assert_true(k.log_iova == 0x3000 + UINT64_C(2) * VQNIC_LOG_READ_MAX);
	assert_int_equal(k.log_size, 3 * 4096);
	for (size_t i = 0; i < sizeof(bitmap); i++) {
		uint8_t expected = i < 2 * sizeof(bits) ? bits[i % sizeof(bits)] : i == 2 * sizeof(bits) ? 0x05 : 0;

		assert_int_equal(bitmap[i], i ? expected : expected | 0x40);
	}
	vqnic_free(vq);
}

/* Other pages than those that were asked for, none, and too many answers, are no answer. */
static void dirty_log_of_other_pages(void **state)
{
	const uint8_t bits[1] = { 0xff };
	struct vqnic *vq = vqnic_new();
	uint8_t bitmap[1] = { 0 };
	struct bytes *b;

	(void)state;
	b = answer();
	put_log(b, 0x1000, 8, bits);
	put_verdict(b, 0, NULL);
	assert_int_equal(vqnic_log_read(vq, NULL, "vdpa0", 0, 8 * 4096, bitmap), -EBADMSG);
	b = answer();
	put_log(b, 0, 7, bits);
	put_verdict(b, 0, NULL);
	assert_int_equal(vqnic_log_read(vq, NULL, "vdpa0", 0, 8 * 4096, bitmap), -EBADMSG);
	put_verdict(answer(), 0, NULL);
	assert_int_equal(vqnic_log_read(vq, NULL, "vdpa0", 0, 8 * 4096, bitmap), -EBADMSG);
	b = answer();
	put_log(b, 0, 8, bits);
	put_log(b, 0, 8, bits);
	put_verdict(b, 0, NULL);
	assert_int_equal(vqnic_log_read(vq, NULL, "vdpa0", 0, 8 * 4096, bitmap), -EBADMSG);
	assert_int_equal(bitmap[0], 0);
	put_verdict(answer(), -EIO, "the card does not answer");
	assert_int_equal(vqnic_log_read(vq, NULL, "vdpa0", 0, 8 * 4096, bitmap), -EIO);
	/* Nothing is asked for: the driver says what it thinks of that. */
	put_verdict(answer(), -EINVAL, "not whole pages of 4 KiB");
	assert_int_equal(vqnic_log_read(vq, NULL, "vdpa0", 0, 0, bitmap), -EINVAL);
	vqnic_free(vq);
}

static void stats_text(void **state)
{
	struct bytes *b;

	(void)state;
	b = answer();
	put_stats(b, NLM_F_MULTI, NULL);
	put_stats(b, NLM_F_MULTI, "vdpa0");
	put_done(answer(), 0);
	expect("stats show 0000:00:05.0", EXIT_DONE,
	       "0000:00:05.0:\n"
	       "  wire_rx_frames 18446744073709551615\n"
	       "  wire_rx_bytes 0\n"
	       "vdpa0: card 0000:00:05.0\n"
	       "  tx_frames 18446744073709551615\n"
	       "  tx_bytes 0\n", "");
	assert_int_equal(k.command, VQNIC_CMD_STATS_GET);
	assert_true(k.dump);
	assert_string_equal(k.card, "0000:00:05.0");
}

static void stats_json(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_stats(b, 0, "vdpa0");
	put_verdict(b, 0, NULL);
	expect("--json stats show vdpa0", EXIT_DONE,
	       "{\"stats\":{\"vdpa0\":{\"card\":\"0000:00:05.0\",\"tx_frames\":18446744073709551615,\"tx_bytes\":0}}}\n", "");
	assert_false(k.dump);
	assert_string_equal(k.dev, "vdpa0");
}

/* The answer to a request for a card, which says no more than its name and whether it is dead. */
static void put_bare_card(bool dead)
{
	struct bytes *b = answer();
	size_t at = begin_genl(b, FAMILY, NLM_F_MULTI);

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	if (dead)
		put_attr(b, VQNIC_A_CARD_DEAD, NULL, 0);
	end_message(b, at);
	put_done(b, 0);
}

/* The answer to a request for a device, which says no more than its name. */
static void put_bare_dev(void)
{
	struct bytes *b = answer();
	size_t at = begin_genl(b, FAMILY, NLM_F_MULTI);

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(b, VQNIC_A_DEV_NAME, "vdpa0");
	end_message(b, at);
	put_done(b, 0);
}

static void put_stats_of_all(void)
{
	struct bytes *b = answer();

	put_stats(b, NLM_F_MULTI, NULL);
	put_stats(b, NLM_F_MULTI, "vdpa0");
	put_done(b, 0);
}

static void card_with_stats(void **state)
{
	(void)state;
	put_bare_card(false);
	put_stats_of_all();
	expect("-s card show", EXIT_DONE,
	       "0000:00:05.0: state ok\n"
	       "  stats:\n"
	       "    wire_rx_frames 18446744073709551615\n"
	       "    wire_rx_bytes 0\n", "");
	assert_int_equal(k.command, VQNIC_CMD_STATS_GET);
	assert_string_equal(k.card, "0000:00:05.0");
	put_bare_card(false);
	put_stats_of_all();
	expect("card show -js", EXIT_DONE,
	       "{\"card\":{\"0000:00:05.0\":{\"state\":\"ok\",\"stats\":{\"wire_rx_frames\":18446744073709551615,"
	       "\"wire_rx_bytes\":0}}}}\n", "");
}

static void dev_with_stats(void **state)
{
	struct bytes *b;

	(void)state;
	put_bare_dev();
	b = answer();
	put_stats(b, 0, "vdpa0");
	put_verdict(b, 0, NULL);
	expect("dev show --stats", EXIT_DONE,
	       "vdpa0: card 0000:00:05.0\n"
	       "  stats:\n"
	       "    tx_frames 18446744073709551615\n"
	       "    tx_bytes 0\n", "");
	assert_int_equal(k.command, VQNIC_CMD_STATS_GET);
	assert_false(k.dump);
	assert_string_equal(k.card, "0000:00:05.0");
	assert_string_equal(k.dev, "vdpa0");
}

/* What died or went has none; what is refused otherwise is an error. */
static void with_stats_that_cannot_be_had(void **state)
{
	(void)state;
	put_bare_card(true);
	put_done(answer(), 0);
	expect("card show -s", EXIT_DONE, "0000:00:05.0: state dead\n", "");
	put_bare_dev();
	put_verdict(answer(), -EIO, "the card does not answer");
	expect("dev show -s", EXIT_DONE, "vdpa0: card 0000:00:05.0\n", "");
	put_bare_dev();
	put_verdict(answer(), -ENODEV, "no such vDPA device of a vqnic card");
	expect("dev show -s", EXIT_DONE, "vdpa0: card 0000:00:05.0\n", "");
	put_bare_dev();
	put_verdict(answer(), -ENOMEM, NULL);
	expect("-j dev show -s", EXIT_REFUSED, "", "vqnicctl: dev show: Cannot allocate memory\n");
}

static void stats_of_a_dead_card(void **state)
{
	(void)state;
	put_done(answer(), 0);
	expect("stats show 0000:00:05.0", EXIT_REFUSED, "",
	       "vqnicctl: stats show 0000:00:05.0: card 0000:00:05.0 answers no more\n");
}

static void driver_not_loaded(void **state)
{
	(void)state;
	k.loaded = false;
	expect("card show", EXIT_REFUSED, "",
	       "vqnicctl: the vqnic driver is not loaded (no generic netlink family \"vqnic\"): modprobe vqnic\n");
	assert_int_equal(k.requests, 0);
}

static void driver_being_removed(void **state)
{
	(void)state;
	put_verdict(answer(), -EPROTONOSUPPORT, NULL);
	expect("card show", EXIT_REFUSED, "",
	       "vqnicctl: the vqnic driver is not loaded (no generic netlink family \"vqnic\"): modprobe vqnic\n");
}

static void driver_seen_elsewhere(void **state)
{
	(void)state;
	k.loaded = false;
	k.module = true;
	expect("card show", EXIT_REFUSED, "", "vqnicctl: the vqnic driver answers in the initial network namespace only: "
	       "nsenter --net=/proc/1/ns/net vqnicctl ...\n");
}

static int count_cards(const struct vqnic_card *card, void *opaque)
{
	(void)card;
	++*(int *)opaque;
	return 0;
}

/* The driver is unloaded and loaded again while a program holds a handle. */
static void driver_reloaded_meanwhile(void **state)
{
	struct vqnic *vq = vqnic_new();
	struct bytes *b;
	int cards = 0;

	(void)state;
	assert_non_null(vq);
	b = answer();
	put_card(b, NLM_F_MULTI);
	put_done(b, 0);
	assert_int_equal(vqnic_cards(vq, NULL, count_cards, &cards), 0);
	put_verdict(answer(), -ENOENT, NULL);
	b = answer();
	put_card(b, NLM_F_MULTI);
	put_done(b, 0);
	assert_int_equal(vqnic_cards(vq, NULL, count_cards, &cards), 0);
	assert_int_equal(cards, 2);
	assert_int_equal(k.lookups, 2);
	/* and unloaded for good */
	put_verdict(answer(), -ENOENT, NULL);
	k.loaded = false;
	assert_int_equal(vqnic_cards(vq, NULL, count_cards, &cards), -ENOENT);
	assert_string_equal(vqnic_error(vq), "the vqnic driver is not loaded (no generic netlink family \"vqnic\")");
	vqnic_free(vq);
}

static int stop_at_first(const struct vqnic_card *card, void *opaque)
{
	count_cards(card, opaque);
	return 42;
}

static void callback_ends_the_enumeration(void **state)
{
	struct vqnic *vq = vqnic_new();
	struct bytes *b = answer();
	int cards = 0;

	(void)state;
	assert_non_null(vq);
	put_card(b, NLM_F_MULTI);
	put_card(b, NLM_F_MULTI);
	put_done(b, 0);
	assert_int_equal(vqnic_cards(vq, NULL, stop_at_first, &cards), 42);
	assert_int_equal(cards, 1);
	vqnic_free(vq);
}

static void refusal_in_the_kernels_words(void **state)
{
	(void)state;
	put_verdict(answer(), -ENODEV, "no card 0000:00:09.0");
	put_verdict(answer(), -EIO, NULL);
	expect("card show 0:9.0", EXIT_REFUSED, "", "vqnicctl: card show 0000:00:09.0: no card 0000:00:09.0: "
	       "\"vqnicctl card show\" lists what there is\n");
	expect("dev show", EXIT_REFUSED, "", "vqnicctl: dev show: Input/output error\n");
}

static void dump_overtaken_is_repeated(void **state)
{
	struct bytes *b;

	(void)state;
	b = answer();
	put_stats(b, NLM_F_MULTI | NLM_F_DUMP_INTR, NULL);
	put_done(b, 0);
	b = answer();
	put_stats(b, NLM_F_MULTI, "vdpa7");
	put_done(b, 0);
	expect("stats show", EXIT_DONE,
	       "vdpa7: card 0000:00:05.0\n  tx_frames 18446744073709551615\n  tx_bytes 0\n", "");
	assert_int_equal(k.requests, 2);
	assert_int_equal(k.lookups, 1);
}

static void dump_always_overtaken_ends(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++) {
		struct bytes *b = answer();

		put_card(b, NLM_F_MULTI | NLM_F_DUMP_INTR);
		put_done(b, 0);
	}
	expect("card show", EXIT_REFUSED, "",
	       "vqnicctl: card show: cards or devices kept coming and going while they were read\n");
}

static void kernel_that_does_not_answer(void **state)
{
	(void)state;
	k.mute = true;
	expect("card show", EXIT_REFUSED, "", "vqnicctl: card show: the kernel did not answer within 10 s\n");
}

/* Another process answers the look-up first, with what would be an error. */
static void only_the_kernel_is_believed(void **state)
{
	struct bytes *b = answer();
	size_t at;
	uint16_t id = FAMILY;

	(void)state;
	at = begin_genl(b, GENL_ID_CTRL, 0);
	put_attr(b, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	end_message(b, at);
	put_verdict(b, 0, NULL);
	put_done(answer(), 0);
	k.sender = 4711;
	k.loaded = false;
	expect("card show", EXIT_DONE, "", "");
}

static void malformed_reply(void **state)
{
	struct bytes *b = answer();

	(void)state;
	end_message(b, begin_genl(b, FAMILY, NLM_F_MULTI));
	put_done(b, 0);
	expect("card show -j", EXIT_REFUSED, "",
	       "vqnicctl: card show: the driver's reply is malformed: card: missing (attribute 2)\n");
}

#define NAME(text) "\033[36m" text "\033[0m"
#define MAC(text) "\033[33m" text "\033[0m"
#define GOOD(text) "\033[32m" text "\033[0m"
#define BAD(text) "\033[31m" text "\033[0m"

/* A dead card, by the command line; JSON has no colours. */
static void expect_dead_card(const char *options, bool color)
{
	char line[64];

	put_bare_card(true);
	snprintf(line, sizeof(line), "card show %s", options);
	expect(line, EXIT_DONE, color ? NAME("0000:00:05.0") ": state " BAD("dead") "\n" : "0000:00:05.0: state dead\n",
	       "");
	put_bare_card(true);
	snprintf(line, sizeof(line), "-j card show %s", options);
	expect(line, EXIT_DONE, "{\"card\":{\"0000:00:05.0\":{\"state\":\"dead\"}}}\n", "");
}

static void colors_when_they_are_wanted(void **state)
{
	(void)state;
	unsetenv("NO_COLOR");
	expect_dead_card("", false);
	expect_dead_card("-c", true);
	expect_dead_card("--color", true);
	expect_dead_card("-c=always", true);
	expect_dead_card("-c -c=never", false);
	expect_dead_card("-c=auto", false);
	kernel_setup(state);
	setenv("NO_COLOR", "1", 1);
	expect_dead_card("-c", false);
	expect_dead_card("-c=auto", false);
	expect_dead_card("--color=always", true);
	setenv("NO_COLOR", "", 1);
	expect_dead_card("-c", true);
	unsetenv("NO_COLOR");
}

/* Runs `card show` of a dead card with its output on a terminal, and compares the first words of it. */
static void expect_on_terminal(const char *option, const char *text)
{
	char *argv[] = { (char *)"vqnicctl", (char *)"card", (char *)"show", (char *)option, NULL };
	int master, slave;
	char got[128];
	FILE *terminal;
	ssize_t len;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	terminal = fdopen(slave, "w");
	assert_non_null(terminal);
	put_bare_card(true);
	assert_int_equal(cli_run(option ? 4 : 3, argv, stdin, terminal, stderr), EXIT_DONE);
	len = read(master, got, sizeof(got) - 1);
	assert_true(len > 0);
	got[len] = '\0';
	assert_string_equal(got, text);
	fclose(terminal);
	close(master);
}

static void colors_on_a_terminal(void **state)
{
	(void)state;
	unsetenv("NO_COLOR");
	expect_on_terminal("-c=auto", NAME("0000:00:05.0") ": state " BAD("dead") "\r\n");
	expect_on_terminal(NULL, "0000:00:05.0: state dead\r\n");
	setenv("NO_COLOR", "1", 1);
	expect_on_terminal("-c=auto", "0000:00:05.0: state dead\r\n");
	unsetenv("NO_COLOR");
}

/* Names, addresses and states are coloured, and nothing else is. */
static void colors_of_words(void **state)
{
	struct bytes *b = answer();

	(void)state;
	put_dev(b, 0);
	put_verdict(b, 0, NULL);
	expect("-c dev show vdpa0", EXIT_DONE,
	       NAME("vdpa0") ": card " NAME("0000:00:05.0") " state running index 1 mac " MAC("52:54:00:12:34:fe") " link " BAD("down")
	       " mtu 1500 as_data 3 pairs_used 4 commands 9 commands_refused 1\n"
	       "  status acknowledge driver driver_ok features_ok\n"
	       "  offered MAC ACCESS_PLATFORM\n"
	       "  accepted none\n"
	       "  offloads GUEST_CSUM\n"
	       "  log_iova 0x100000 log_size 8589934592\n"
	       "  queue 0: size 256 ready true avail 65535 used 12 irq 33\n"
	       "  queue 1: ready false fault " BAD("DESC_INDEX") " fault_code 4 fault_info 0x1ff\n"
	       "  space 0: index 3 maps 5 bytes 1107308544 leaves_1g 1 leaves_2m 16 leaves_4k 4 tables 6\n"
	       "  space 1:\n", "");
	b = answer();
	put_filter(b, 0);
	put_verdict(b, 0, NULL);
	expect("-c mac show vdpa0", EXIT_DONE,
	       NAME("vdpa0") ": card " NAME("0000:00:05.0") "\n"
	       "  guest: mac " MAC("52:54:00:12:34:fe") " rx_mode promisc nobcast bit_30\n"
	       "    unicast " MAC("02:00:00:00:00:01") "\n"
	       "    multicast " MAC("33:33:00:00:00:01") "\n"
	       "  policy: mac " MAC("52:54:00:12:34:fe") " macs_max 96 spoofchk true trust false\n"
	       "    unicast " MAC("02:00:00:00:00:01") "\n"
	       "  in_force: rx_mode none\n"
	       "    unicast " MAC("52:54:00:12:34:fe") " " MAC("02:00:00:00:00:01") "\n"
	       "    multicast none\n", "");
	b = answer();
	put_card(b, 0);
	put_verdict(b, 0, NULL);
	expect("-c card show 0:5.0", EXIT_DONE,
	       NAME("0000:00:05.0") ": version 1.2 state " GOOD("ok") " link " GOOD("up") " vdevs 2 vdevs_used 1 vdev_vqs 3 "
	       "vq_size_max 1024 mtu_max 9216\n"
	       "  pairs 64 pairs_used 7 spaces 16 spaces_used 5 vectors 32 data_bits 512 clock_hz 250000000 "
	       "cycles 1311768467463790320\n"
	       "  features bit_3\n"
	       "  virtio_features MAC VERSION_1 bit_44\n"
	       "  default_mask 0x100000020 migratable_mask 0x100000020\n"
	       "  blocks_migration bit_44\n"
	       "  refusal pci/0000:00:05.0: MTU 9217 is above 9216\n", "");
}

int __wrap_vqnic_listen(struct vqnic *vq);
int __wrap_vqnic_event_fd(const struct vqnic *vq);
int __wrap_vqnic_events(struct vqnic *vq, vqnic_event_fn fn, void *opaque);

/* What vqnic_events() does when it is called next: 0: tells of two events, else returns that. */
static const int *events;

int __wrap_vqnic_listen(struct vqnic *vq)
{
	assert_non_null(vq);
	return 0;
}

/* A descriptor that is always readable. */
int __wrap_vqnic_event_fd(const struct vqnic *vq)
{
	static int fd = -1;

	(void)vq;
	if (fd == -1)
		fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	return fd;
}

int __wrap_vqnic_events(struct vqnic *vq, vqnic_event_fn fn, void *opaque)
{
	const struct vqnic_queue queue = { .index = 1, .fault_name = "DESC_INDEX" };
	const struct vqnic_event fault = {
		.card = "0000:00:05.0", .what = VQNIC_NTF_QUEUE_FAULT, .dev = "vdpa0",
		.queue_count = 1, .queues = &queue,
	};
	struct vqnic_event link = { .card = "0000:00:05.0", .what = VQNIC_NTF_CARD_LINK };

	(void)vq;
	if (*events)
		return *events++;
	events++;
	VQNIC_GIVE(&link, VQNIC_A_CARD_LINK);
	assert_int_equal(fn(&link, opaque), 0);
	return fn(&fault, opaque);
}

/* Runs the monitor and compares its lines, whose times are taken out: `before` and 24 characters of it. */
static void expect_events(const char *options, const char *before, const char *lines)
{
	static const int played[] = { 0, -ENOBUFS, 0, -EIO };
	char *argv[] = { (char *)"vqnicctl", (char *)"monitor", (char *)options, NULL }, *text = NULL, *time;
	char *err_text = NULL;
	size_t len, err_len;
	FILE *file = open_memstream(&text, &len), *err_file = open_memstream(&err_text, &err_len);

	assert_non_null(file);
	assert_non_null(err_file);
	events = played;
	assert_int_equal(cli_run(3, argv, stdin, file, err_file), EXIT_REFUSED);
	fclose(file);
	fclose(err_file);
	assert_string_equal(err_text, "vqnicctl: monitor: \n");
	free(err_text);
	for (time = text; (time = strstr(time, before));) {
		time += strlen(before);
		assert_int_equal(time[23], 'Z');
		memmove(time, time + 24, strlen(time + 24) + 1);
	}
	assert_string_equal(text, lines);
	free(text);
}

static void events_each_on_a_line(void **state)
{
	(void)state;
	expect_events("-c=never", "time ",
		      "time  event card_link card 0000:00:05.0 link down\n"
		      "time  event queue_fault card 0000:00:05.0 dev vdpa0 queue 1 fault DESC_INDEX\n"
		      "time  event lost\n"
		      "time  event card_link card 0000:00:05.0 link down\n"
		      "time  event queue_fault card 0000:00:05.0 dev vdpa0 queue 1 fault DESC_INDEX\n");
	expect_events("-c=always", "time ",
		      "time  event card_link card " NAME("0000:00:05.0") " link " BAD("down") "\n"
		      "time  event queue_fault card " NAME("0000:00:05.0") " dev " NAME("vdpa0") " queue 1 fault "
		      BAD("DESC_INDEX") "\n"
		      "time  event lost\n"
		      "time  event card_link card " NAME("0000:00:05.0") " link " BAD("down") "\n"
		      "time  event queue_fault card " NAME("0000:00:05.0") " dev " NAME("vdpa0") " queue 1 fault "
		      BAD("DESC_INDEX") "\n");
	expect_events("-j", "\"time\":\"",
		      "{\"time\":\"\",\"event\":\"card_link\",\"card\":\"0000:00:05.0\",\"link\":\"down\"}\n"
		      "{\"time\":\"\",\"event\":\"queue_fault\",\"card\":\"0000:00:05.0\",\"dev\":\"vdpa0\","
		      "\"queue\":1,\"fault\":\"DESC_INDEX\"}\n"
		      "{\"time\":\"\",\"event\":\"lost\"}\n"
		      "{\"time\":\"\",\"event\":\"card_link\",\"card\":\"0000:00:05.0\",\"link\":\"down\"}\n"
		      "{\"time\":\"\",\"event\":\"queue_fault\",\"card\":\"0000:00:05.0\",\"dev\":\"vdpa0\","
		      "\"queue\":1,\"fault\":\"DESC_INDEX\"}\n");
}

static void full_disk(void **state)
{
	char *argv[] = { (char *)"vqnicctl", (char *)"-j", (char *)"card", (char *)"show", NULL };
	FILE *full = fopen("/dev/full", "w"), *err_file;
	char *err_text = NULL;
	size_t err_len;

	(void)state;
	assert_non_null(full);
	put_done(answer(), 0);
	err_file = open_memstream(&err_text, &err_len);
	assert_int_equal(cli_run(4, argv, stdin, full, err_file), EXIT_REFUSED);
	fclose(full);
	fclose(err_file);
	assert_string_equal(err_text, "vqnicctl: card show: cannot write the result: No space left on device\n");
	free(err_text);
}

static void usage(const char *line, const char *err)
{
	expect(line, EXIT_USAGE, "", err);
	assert_int_equal(k.lookups, 0);
}

static void wrong_command_lines(void **state)
{
	(void)state;
	usage("", "vqnicctl: what to do is missing: \"vqnicctl --help\" lists the commands\n");
	usage("frob", "vqnicctl: unknown object \"frob\": \"vqnicctl --help\" lists the commands\n");
	usage("card", "vqnicctl: card: the verb is missing: \"vqnicctl --help\" lists the commands\n");
	usage("card frob", "vqnicctl: card: unknown verb \"frob\": \"vqnicctl --help\" lists the commands\n");
	usage("-x card show", "vqnicctl: unknown option \"-x\": \"vqnicctl --help\" lists them\n");
	usage("-jx card show", "vqnicctl: unknown option \"-x\": \"vqnicctl --help\" lists them\n");
	usage("card show --xml", "vqnicctl: unknown option \"--xml\": \"vqnicctl --help\" lists them\n");
	usage("--json=3 card show", "vqnicctl: unknown option \"--json=3\": \"vqnicctl --help\" lists them\n");
	usage("-c=red card show", "vqnicctl: --color cannot be \"red\": it is auto|always|never\n");
	usage("--color= card show", "vqnicctl: --color cannot be \"\": it is auto|always|never\n");
	usage("-cj card show", "vqnicctl: --color cannot be \"j\": it is auto|always|never\n");
	usage("card show -b", "vqnicctl: -b needs a value: \"vqnicctl --help\" lists the options\n");
	usage("-jb", "vqnicctl: -jb needs a value: \"vqnicctl --help\" lists the options\n");
	usage("-b - card show",
	      "vqnicctl: unexpected argument \"card\": with a batch the commands are in its file\n");
	usage("card show vdpa0", "vqnicctl: card show: \"vdpa0\" is no PCI address: give one like 0000:00:05.0\n");
	usage("monitor show", "vqnicctl: monitor: unexpected argument \"show\": it takes none\n");
	usage("card show 0:5.0 1", "vqnicctl: card show: unexpected argument \"1\": it takes [CARD]\n");
	usage("dev show a b", "vqnicctl: dev show: \"a\" is no PCI address: give one like 0000:00:05.0\n");
	usage("dev show a 0:5.0", "vqnicctl: dev show: \"a\" is no PCI address: give one like 0000:00:05.0\n");
	usage("dev show 0:5.0 a b", "vqnicctl: dev show: unexpected argument \"b\": it takes [CARD] [DEV]\n");
	usage("mac show a b", "vqnicctl: mac show: \"a\" is no PCI address: give one like 0000:00:05.0\n");
	usage("policy set", "vqnicctl: policy set: the device is missing: it takes [CARD] DEV SETTING...\n");
	usage("policy set 0:5.0", "vqnicctl: policy set: the device is missing: it takes [CARD] DEV SETTING...\n");
	usage("policy set a", "vqnicctl: policy set: a setting is missing: it takes [CARD] DEV SETTING...\n");
	usage("policy set a b", "vqnicctl: policy set: unknown setting \"b\": \"vqnicctl --help\" lists them\n");
	usage("policy set a trust", "vqnicctl: policy set: trust needs a value: on|off\n");
	usage("policy set a trust 1", "vqnicctl: policy set: trust cannot be \"1\": it is on|off\n");
	usage("policy set a trust on trust on", "vqnicctl: policy set: trust is given twice\n");
	usage("policy set a spoofchk ON", "vqnicctl: policy set: spoofchk cannot be \"ON\": it is on|off\n");
	usage("policy set a macs 2:0:0:0:0:1", "vqnicctl: policy set: macs cannot be \"2:0:0:0:0:1\": it is none|LIST\n");
	usage("policy set a macs 02:00:00:00:00:01,", "vqnicctl: policy set: macs cannot be \"02:00:00:00:00:01,\": it is none|LIST\n");
	usage("policy set a macs 02:00:00:00:00:01x", "vqnicctl: policy set: macs cannot be \"02:00:00:00:00:01x\": it is none|LIST\n");
	usage("policy set a macs-max 5x", "vqnicctl: policy set: macs-max cannot be \"5x\": it is N\n");
	usage("stats show 0:5.0 a", "vqnicctl: stats show: unexpected argument \"a\": it takes [CARD|DEV]\n");
}

static void wrong_numbers(void **state)
{
	static const struct {
		const char *key, *values, *wrong[12];
	} keys[] = {
		{ "port-vlan", "none|VID", { "0", "4095", "+1", "1x", "0x1", "99999999999999999999", "all" } },
		{ "pcp", "0..7", { "8", "none", "1.0" } },
		{ "vlans", "all|none|LIST", { "0", "4095", "1,", ",1", "1-", "3-2", "1-2-3", "1,,2", "1;2", "any" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		for (const char *const *wrong = keys[i].wrong; *wrong; wrong++) {
			char line[80], err[160];

			snprintf(line, sizeof(line), "policy set vdpa0 %s %s", keys[i].key, *wrong);
			snprintf(err, sizeof(err), "vqnicctl: policy set: %s cannot be \"%s\": it is %s\n", keys[i].key,
				 *wrong, keys[i].values);
			usage(line, err);
		}
	}
}

static void addresses(void **state)
{
	static const char *const wrong[] = { "5.0", "0:20.0", "0:5.8", "0:5.0x", "0x0:5.0", "+1:5.0", "0000:00:05",
					     "pci/", "123456789:0:5.0", "0:5.00", ":5.0" };
	static const struct {
		const char *given, *meant;
	} right[] = {
		{ "0000:00:05.0", "0000:00:05.0" }, { "1:5.7", "0000:01:05.7" }, { "pci/ff:1F.1", "0000:ff:1f.1" },
		{ "10000:e1:00.0", "10000:e1:00.0" }, { "0:1:2.3", "0000:01:02.3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char line[64], err[128];

		snprintf(line, sizeof(line), "card show %s", wrong[i]);
		snprintf(err, sizeof(err), "vqnicctl: card show: \"%s\" is no PCI address: give one like 0000:00:05.0\n",
			 wrong[i]);
		usage(line, err);
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "card show %s", right[i].given);
		put_verdict(answer(), 0, NULL);
		expect(line, EXIT_DONE, "", "");
		assert_string_equal(k.card, right[i].meant);
	}
}

static void help_and_version(void **state)
{
	(void)state;
	expect("--help", EXIT_DONE,
	       "Usage: vqnicctl [OPTION]... OBJECT VERB [ARGUMENT]...\n"
	       "       vqnicctl [OPTION]... -b FILE\n"
	       "Show what the vqnic driver knows of its cards, set what guests are allowed, move the state of devices.\n"
	       "\n"
	       "Commands:\n"
	       "  card    show    [CARD]                 cards, what they can do and how they are\n"
	       "  dev     show    [CARD] [DEV]           vDPA devices, their features and queues\n"
	       "  queue   show    [CARD] [DEV]           queues, their interrupts and counters\n"
	       "  mac     show    [CARD] [DEV]           addresses and receive modes\n"
	       "  vlan    show    [CARD] [DEV]           VLANs\n"
	       "  policy  show    [CARD] [DEV]           what guests are allowed\n"
	       "  policy  set     [CARD] DEV SETTING...  change it\n"
	       "  stats   show    [CARD|DEV]             counters of cards and devices\n"
	       "  migrate suspend [CARD] DEV             stop a device between two frames\n"
	       "  migrate resume  [CARD] DEV             let it go on\n"
	       "  migrate save    [CARD] DEV [-o FILE]   suspend it and write its state\n"
	       "  migrate load    [CARD] DEV [FILE]      give that to another one\n"
	       "  migrate show    [FILE]                 what a state says\n"
	       "  migrate track   start|read|stop [CARD] DEV [IOVA SIZE]  log what a device writes\n"
	       "  config  show                           what vqnicd keeps\n"
	       "  config  diff    [FILE]                 what another file would change\n"
	       "  config  apply   [FILE]                 have vqnicd keep that\n"
	       "  health  show    [CARD]                 what is wrong, and what helps\n"
	       "  monitor                                events, one on a line, as they happen\n"
	       "  top             [CARD] [DEV]           rates of devices and queues, again and again\n"
	       "\n"
	       "CARD is a PCI address like 0000:00:05.0, 00:05.0 or pci/0000:00:05.0, DEV a vDPA device.\n"
	       "\n"
	       "Settings:\n"
	       "  spoofchk  on|off         on: the guest has no address but the one given and macs\n"
	       "  trust     on|off         on: it may be promiscuous and receive all multicast\n"
	       "  port-vlan none|VID       the VLAN that it lives in, without seeing tags\n"
	       "  pcp       0..7           priority of its frames in the port VLAN\n"
	       "  vlans     all|none|LIST  which VLANs it may use, a list is like 5,10-20\n"
	       "  macs      none|LIST      addresses that it may have besides, at most 64 with commas between\n"
	       "  macs-max  N              how many addresses it can have besides its own\n"
	       "\n"
	       "Options:\n"
	       "  -b, --batch FILE                 run the commands in FILE, \"-\": standard input\n"
	       "  -f, --force                      go on with a batch when a command of it was refused\n"
	       "  -o, --output FILE                where \"migrate save\" writes\n"
	       "  -n, --dry-run                    say what \"config apply\" would do, and not do it\n"
	       "  -S, --socket FILE                where vqnicd listens\n"
	       "  -i, --interval SECONDS           how often \"top\" shows rates, 0.1..3600; 1 if not given\n"
	       "  -N, --count N                    end \"top\" after so many times\n"
	       "  -c, --color[=auto|always|never]  colour text; auto: on a terminal\n"
	       "  -s, --stats                      show cards and devices with their counters\n"
	       "  -j, --json                       print JSON\n"
	       "  -p, --pretty                     print JSON, indented\n"
	       "  -h, --help                       print this help\n"
	       "  -V, --version                    print the version\n"
	       "\n"
	       "Exit status: 0 done, 1 the command line is wrong, 2 refused or failed,\n"
	       "65 wanted from now on, but not yet as it is wanted.\n", "");
	expect("-V", EXIT_DONE, "vqnicctl " VQNIC_VERSION "\n", "");
}

static void join(char *text, size_t size, const char *(*name)(unsigned int bit))
{
	*text = 0;
	for (unsigned int bit = 0; bit < 300; bit++)
		if (name(bit))
			snprintf(text + strlen(text), size - strlen(text), "%u %s\n", bit, name(bit));
}

static void names_of_bits(void **state)
{
	char text[4096];

	(void)state;
	join(text, sizeof(text), vqnic_status_name);
	assert_string_equal(text, "0 acknowledge\n1 driver\n2 driver_ok\n3 features_ok\n6 needs_reset\n7 failed\n");
	join(text, sizeof(text), vqnic_rx_mode_name);
	assert_string_equal(text, "0 promisc\n1 allmulti\n2 alluni\n3 nomulti\n4 nouni\n5 nobcast\n");
	join(text, sizeof(text), vqnic_feature_name);
	assert_string_equal(text,
		"0 CSUM\n1 GUEST_CSUM\n2 CTRL_GUEST_OFFLOADS\n3 MTU\n5 MAC\n6 GSO\n7 GUEST_TSO4\n8 GUEST_TSO6\n"
		"9 GUEST_ECN\n10 GUEST_UFO\n11 HOST_TSO4\n12 HOST_TSO6\n13 HOST_ECN\n14 HOST_UFO\n15 MRG_RXBUF\n"
		"16 STATUS\n17 CTRL_VQ\n18 CTRL_RX\n19 CTRL_VLAN\n20 CTRL_RX_EXTRA\n21 GUEST_ANNOUNCE\n22 MQ\n"
		"23 CTRL_MAC_ADDR\n24 NOTIFY_ON_EMPTY\n27 ANY_LAYOUT\n28 RING_INDIRECT_DESC\n29 RING_EVENT_IDX\n"
		"32 VERSION_1\n33 ACCESS_PLATFORM\n34 RING_PACKED\n35 IN_ORDER\n36 ORDER_PLATFORM\n37 SR_IOV\n"
		"38 NOTIFICATION_DATA\n39 NOTIF_CONFIG_DATA\n40 RING_RESET\n41 ADMIN_VQ\n50 DEVICE_STATS\n"
		"52 VQ_NOTF_COAL\n53 NOTF_COAL\n54 GUEST_USO4\n55 GUEST_USO6\n56 HOST_USO\n57 HASH_REPORT\n"
		"59 GUEST_HDRLEN\n60 RSS\n61 RSC_EXT\n62 STANDBY\n63 SPEED_DUPLEX\n");
}

#define TEST(name) cmocka_unit_test_setup(name, kernel_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(card_text),
		TEST(card_json),
		TEST(a_dead_card),
		TEST(no_cards),
		TEST(dev_text),
		TEST(dev_json_pretty),
		TEST(queue_text),
		TEST(mac_text),
		TEST(mac_json),
		TEST(vlan_text_and_json),
		TEST(policy_text),
		TEST(policy_is_set),
		TEST(many_macs),
		TEST(policy_is_refused),
		TEST(dirty_log_is_started_and_stopped),
		TEST(dirty_log_is_read_in_pieces),
		TEST(dirty_log_of_other_pages),
		TEST(stats_text),
		TEST(stats_json),
		TEST(card_with_stats),
		TEST(dev_with_stats),
		TEST(with_stats_that_cannot_be_had),
		TEST(stats_of_a_dead_card),
		TEST(driver_not_loaded),
		TEST(driver_being_removed),
		TEST(driver_seen_elsewhere),
		TEST(driver_reloaded_meanwhile),
		TEST(callback_ends_the_enumeration),
		TEST(refusal_in_the_kernels_words),
		TEST(dump_overtaken_is_repeated),
		TEST(dump_always_overtaken_ends),
		TEST(kernel_that_does_not_answer),
		TEST(only_the_kernel_is_believed),
		TEST(malformed_reply),
		TEST(colors_when_they_are_wanted),
		TEST(colors_on_a_terminal),
		TEST(colors_of_words),
		TEST(events_each_on_a_line),
		TEST(full_disk),
		TEST(wrong_command_lines),
		TEST(wrong_numbers),
		TEST(addresses),
		TEST(names_of_bits),
		TEST(help_and_version),
	};

	return cmocka_run_group_tests_name("ctl_command", tests, NULL, NULL);
}
