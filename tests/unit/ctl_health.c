// SPDX-License-Identifier: Apache-2.0
/* vqnicctl health over a kernel that is played (ctl_kernel.h), and a vqnicd that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "command.h"
#include "ctl_kernel.h"

/* What vqnicd answers; NULL: vqnic_call() returns `refused`. */
static const char *said;
static int refused;

int __wrap_vqnic_call(struct vqnic *vq, const char *path, const char *request, char **answer_to);

int __wrap_vqnic_call(struct vqnic *vq, const char *path, const char *request, char **answer_to)
{
	assert_non_null(vq);
	assert_null(path);
	assert_string_equal(request, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}");
	*answer_to = said ? strdup(said) : NULL;
	return said ? 0 : refused;
}

#define STATUS(members) \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"version\":\"0.1.0\"," members ",\"applied\":1,\"refused\":0,\"restored\":0}}"

static int setup(void **state)
{
	said = STATUS("\"configured\":true,\"in_step\":true,\"pending\":\"\",\"error\":\"\"");
	refused = 0;
	return kernel_setup(state);
}

/* The answer to a request for cards: this one alone. */
static void put_one_card(int link, bool dead)
{
	struct bytes *b = answer();
	size_t at = begin_genl(b, FAMILY, NLM_F_MULTI);

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	if (dead)
		put_attr(b, VQNIC_A_CARD_DEAD, NULL, 0);
	else
		put_u8(b, VQNIC_A_CARD_LINK, (uint8_t)link);
	end_message(b, at);
	put_done(b, 0);
}

static void put_one_dev(struct bytes *b, const char *name, uint8_t status, uint32_t doing, bool fault)
{
	size_t at = begin_genl(b, FAMILY, NLM_F_MULTI), nest;

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(b, VQNIC_A_DEV_NAME, name);
	put_u8(b, VQNIC_A_DEV_STATUS, status);
	put_u32(b, VQNIC_A_DEV_STATE, doing);
	for (uint32_t i = 0; i < 2; i++) {
		nest = begin_nest(b, VQNIC_A_QUEUE);
		put_u32(b, VQNIC_A_QUEUE_INDEX, i);
		put_u32(b, VQNIC_A_QUEUE_FAULT, fault && i ? 12 : 0);
		if (fault && i)
			put_string(b, VQNIC_A_QUEUE_FAULT_NAME, "IOVA_READ");
		end_nest(b, nest);
	}
	end_message(b, at);
}

#define GOOD "0000:00:05.0: verdict good\n"
#define IN_STEP "vqnicd: running true configured true in_step true\n"

static void all_is_well(void **state)
{
	struct bytes *b;

	(void)state;
	put_one_card(1, false);
	b = answer();
	put_one_dev(b, "vdpa0", 0x0f, VQNIC_DEV_STATE_RUNNING, false);
	put_one_dev(b, "vdpa1", 0, VQNIC_DEV_STATE_IDLE, false);
	put_done(b, 0);
	expect("health show", EXIT_DONE, GOOD IN_STEP, "");
	assert_int_equal(k.command, VQNIC_CMD_DEV_GET);
	assert_string_equal(k.card, "0000:00:05.0");
	put_one_card(1, false);
	put_done(answer(), 0);
	expect("-j health show", EXIT_DONE,
	       "{\"health\":{\"0000:00:05.0\":{\"verdict\":\"good\"},"
	       "\"vqnicd\":{\"running\":true,\"configured\":true,\"in_step\":true}}}\n", "");
}

static void all_is_wrong(void **state)
{
	struct bytes *b;

	(void)state;
	put_one_card(0, false);
	b = answer();
	put_one_dev(b, "vdpa0", 0x4f, VQNIC_DEV_STATE_RUNNING, true);
	put_one_dev(b, "vdpa1", 0x83, VQNIC_DEV_STATE_IDLE, false);
	put_one_dev(b, "vdpa2", 0x0f, VQNIC_DEV_STATE_SUSPENDED, false);
	put_done(b, 0);
	expect("health show", EXIT_DONE,
	       "0000:00:05.0: verdict bad\n"
	       "  problem 0: what link_down\n"
	       "    cure look after the cable, and the port at its other end\n"
	       "  problem 1: what queue_fault dev vdpa0 queue 1 fault IOVA_READ\n"
	       "    cure reset the device: unbind and bind its driver, or reboot the guest; docs/troubleshooting.md says where "
	       "the fault comes from\n"
	       "  problem 2: what needs_reset dev vdpa0\n"
	       "    cure its driver has to reset the device: unbind and bind it, or reboot the guest\n"
	       "  problem 3: what failed dev vdpa1\n"
	       "    cure its driver has given up: the log of the guest's kernel says why\n"
	       "  problem 4: what suspended dev vdpa2\n"
	       "    cure \"vqnicctl migrate resume vdpa2\", if nobody migrates it\n"
	       IN_STEP, "");
}

static void problems_as_json(void **state)
{
	struct bytes *b;

	(void)state;
	put_one_card(1, false);
	b = answer();
	put_one_dev(b, "vdpa0", 0x0f, VQNIC_DEV_STATE_RUNNING, true);
	put_done(b, 0);
	expect("health show 00:05.0 -j", EXIT_DONE,
	       "{\"health\":{\"0000:00:05.0\":{\"verdict\":\"bad\",\"problems\":[{\"number\":0,\"what\":\"queue_fault\","
	       "\"dev\":\"vdpa0\",\"queue\":1,\"fault\":\"IOVA_READ\",\"cure\":\"reset the device: unbind and bind its driver, "
	       "or reboot the guest; docs/troubleshooting.md says where the fault comes from\"}]},"
	       "\"vqnicd\":{\"running\":true,\"configured\":true,\"in_step\":true}}}\n", "");
}

static void a_dead_card(void **state)
{
	(void)state;
	put_one_card(0, true);
	expect("-c=always health show", EXIT_DONE,
	       "\033[36m0000:00:05.0\033[0m: verdict \033[31mbad\033[0m\n"
	       "  problem 0: what \033[31mdead\033[0m\n"
	       "    cure devlink health recover pci/0000:00:05.0 reporter card\n"
	       "\033[36mvqnicd\033[0m: running true configured true in_step true\n", "");
}

/* A card that goes while it is looked at has nothing to say, and no cards are no fault. */
static void cards_that_are_not_there(void **state)
{
	(void)state;
	put_one_card(1, false);
	put_verdict(answer(), -ENODEV, "no card 0000:00:05.0");
	expect("health show", EXIT_DONE, GOOD IN_STEP, "");
	put_done(answer(), 0);
	expect("health show", EXIT_DONE, IN_STEP, "");
	put_verdict(answer(), -ENODEV, "no card 0000:00:09.0");
	expect("health show 0:9.0", EXIT_REFUSED, "", "vqnicctl: health show 0000:00:09.0: no card 0000:00:09.0: "
	       "\"vqnicctl card show\" lists what there is\n");
	k.loaded = false;
	put_verdict(answer(), -ENOENT, NULL);
	expect("health show", EXIT_REFUSED, "",
	       "vqnicctl: the vqnic driver is not loaded (no generic netlink family \"vqnic\"): modprobe vqnic\n");
}

static void expect_vqnicd(const char *text)
{
	put_done(answer(), 0);
	expect("health show", EXIT_DONE, text, "");
}

static void vqnicd_as_it_is(void **state)
{
	(void)state;
	said = STATUS("\"configured\":true,\"in_step\":false,\"pending\":\"web1: somebody has it open\",\"error\":\"\"");
	expect_vqnicd("vqnicd: running true configured true in_step false\n"
		      "  pending web1: somebody has it open\n"
		      "  cure it comes about when it can: \"vqnicctl config diff\" says what is missing\n");
	said = STATUS("\"configured\":true,\"in_step\":false,\"pending\":\"\",\"error\":\"the store is full\"");
	expect_vqnicd("vqnicd: running true configured true in_step false\n"
		      "  error the store is full\n"
		      "  cure \"journalctl -u vqnicd\" has more\n");
	said = STATUS("\"configured\":false,\"in_step\":true,\"pending\":\"\",\"error\":\"\"");
	expect_vqnicd("vqnicd: running true configured false in_step true\n"
		      "  cure \"vqnicctl config apply FILE\" says what is wanted\n");
	said = NULL;
	refused = -ECONNREFUSED;
	expect_vqnicd("vqnicd: running false\n"
		      "  cure \"systemctl start vqnicd\", if devices are to be kept as a file says\n");
	said = "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32603,\"message\":\"out of memory\"}}";
	expect_vqnicd("vqnicd: running true\n  error out of memory\n  cure \"journalctl -u vqnicd\" has more\n");
	said = "[]";
	expect_vqnicd("vqnicd: running true\n  error vqnicd's answer is not understood\n"
		      "  cure \"journalctl -u vqnicd\" has more\n");
}

static void wrong_command_lines(void **state)
{
	(void)state;
	expect("health", EXIT_USAGE, "", "vqnicctl: health: the verb is missing: \"vqnicctl --help\" lists the commands\n");
	expect("health show vdpa0", EXIT_USAGE, "",
	       "vqnicctl: health show: \"vdpa0\" is no PCI address: give one like 0000:00:05.0\n");
	expect("health show 0:5.0 vdpa0", EXIT_USAGE, "",
	       "vqnicctl: health show: unexpected argument \"vdpa0\": it takes [CARD]\n");
	assert_int_equal(k.lookups, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_well),
		TEST(all_is_wrong),
		TEST(problems_as_json),
		TEST(a_dead_card),
		TEST(cards_that_are_not_there),
		TEST(vqnicd_as_it_is),
		TEST(wrong_command_lines),
	};

	return cmocka_run_group_tests_name("ctl_health", tests, NULL, NULL);
}
