// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "cli.h"
#include "ctl_kernel.h"

struct kernel k;

struct bytes *answer(void)
{
	return &k.answers[k.count++];
}

int __wrap_access(const char *path, int mode);
int __wrap_nl_send_auto(struct nl_sock *sk, struct nl_msg *msg);
int __wrap_nl_recv(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **data, struct ucred **creds);

int __wrap_access(const char *path, int mode)
{
	assert_string_equal(path, "/sys/module/vqnic");
	assert_int_equal(mode, F_OK);
	return k.module ? 0 : -1;
}

/* Keeps the policy of a request (NULL: none), whose attributes must be ones that can be set. */
static void take_policy(struct nlattr *nest)
{
	struct nlattr *attr;
	int left;

	memset(&k.policy, 0, sizeof(k.policy));
	if (!nest)
		return;
	assert_true(nest->nla_type & NLA_F_NESTED);
	nla_for_each_nested(attr, nest, left) {
		VQNIC_GIVE(&k.policy, nla_type(attr));
		switch (nla_type(attr)) {
		case VQNIC_FILTER_A_SPOOF_CHECK:
			assert_int_equal(nla_len(attr), 1);
			k.policy.spoof_check = nla_get_u8(attr);
			break;
		case VQNIC_FILTER_A_TRUST:
			assert_int_equal(nla_len(attr), 1);
			k.policy.trust = nla_get_u8(attr);
			break;
		case VQNIC_FILTER_A_PORT_VLAN:
			assert_int_equal(nla_len(attr), 2);
			k.policy.port_vlan = nla_get_u16(attr);
			break;
		case VQNIC_FILTER_A_PCP:
			assert_int_equal(nla_len(attr), 1);
			k.policy.pcp = nla_get_u8(attr);
			break;
		case VQNIC_FILTER_A_ALL_VLANS:
			assert_int_equal(nla_len(attr), 0);
			break;
		case VQNIC_FILTER_A_VLANS:
			assert_int_equal(nla_len(attr), VQNIC_VLANS_BYTES);
			memcpy(k.policy.vlans, nla_data(attr), VQNIC_VLANS_BYTES);
			break;
		case VQNIC_FILTER_A_MACS_MAX:
			assert_int_equal(nla_len(attr), 4);
			k.policy.macs_max = nla_get_u32(attr);
			break;
		case VQNIC_FILTER_A_UNICAST:
			assert_true(nla_len(attr) <= (int)sizeof(k.policy.macs));
			k.policy.mac_count = (uint32_t)nla_len(attr) / VQNIC_MAC_BYTES;
			memcpy(k.policy.macs, nla_data(attr), (size_t)nla_len(attr));
			break;
		default:
			fail_msg("attribute %d cannot be set", nla_type(attr));
		}
	}
	assert_int_equal(left, 0);
}

int __wrap_nl_send_auto(struct nl_sock *sk, struct nl_msg *msg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct nlattr *attr;

	nl_complete_msg(sk, msg);
	k.seq = header->nlmsg_seq;
	if (header->nlmsg_type == GENL_ID_CTRL) {
		uint16_t id = FAMILY;
		size_t at;

		k.lookups++;
		k.id_pending = true;
		k.id_answer.len = 0;
		if (!k.loaded) {
			put_verdict(&k.id_answer, -ENOENT, NULL);
			return 0;
		}
		at = begin_genl(&k.id_answer, GENL_ID_CTRL, 0);
		put_string(&k.id_answer, CTRL_ATTR_FAMILY_NAME, "vqnic");
		put_attr(&k.id_answer, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
		end_message(&k.id_answer, at);
		put_verdict(&k.id_answer, 0, NULL);
		return 0;
	}
	assert_int_equal(header->nlmsg_type, FAMILY);
	k.command = genlmsg_hdr(header)->cmd;
	if (k.requests < sizeof(k.commands))
		k.commands[k.requests] = k.command;
	k.requests++;
	k.sent.len = 0;
	assert_true(header->nlmsg_len <= sizeof(k.sent.data));
	put(&k.sent, header, header->nlmsg_len);
	k.dump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	attr = nlmsg_find_attr(header, GENL_HDRLEN, VQNIC_A_CARD);
	snprintf(k.card, sizeof(k.card), "%s", attr ? nla_get_string(attr) : "");
	attr = nlmsg_find_attr(header, GENL_HDRLEN, VQNIC_A_DEV_NAME);
	snprintf(k.dev, sizeof(k.dev), "%s", attr ? nla_get_string(attr) : "");
	snprintf(k.devs + strlen(k.devs), sizeof(k.devs) - strlen(k.devs), "%s ", k.dev);
	take_policy(nlmsg_find_attr(header, GENL_HDRLEN, VQNIC_A_FILTER_POLICY));
	attr = nlmsg_find_attr(header, GENL_HDRLEN, VQNIC_A_LOG_IOVA);
	k.log_iova = attr ? nla_get_u64(attr) : 0;
	attr = nlmsg_find_attr(header, GENL_HDRLEN, VQNIC_A_LOG_SIZE);
	k.log_size = attr ? nla_get_u64(attr) : 0;
	return 0;
}

int __wrap_nl_recv(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **data, struct ucred **creds)
{
	const struct bytes *b;
	size_t at = 0;

	(void)sk;
	(void)creds;
	if (k.mute)
		return -NLE_AGAIN;
	if (k.id_pending) {
		b = &k.id_answer;
		k.id_pending = false;
	} else {
		assert_true(k.next < k.count);
		b = &k.answers[k.next++];
	}
	memset(from, 0, sizeof(*from));
	/* Each message from another sender is followed by the kernel's, which has nothing to say. */
	from->nl_pid = k.sender;
	k.sender = 0;
	*data = malloc(b->len);
	assert_non_null(*data);
	memcpy(*data, b->data, b->len);
	while (at < b->len) {
		struct nlmsghdr *header = (struct nlmsghdr *)(*data + at);

		header->nlmsg_seq = k.seq;
		at += NLMSG_ALIGN(header->nlmsg_len);
	}
	return (int)b->len;
}

int kernel_setup(void **state)
{
	(void)state;
	memset(&k, 0, sizeof(k));
	k.loaded = true;
	return 0;
}

void expect(const char *line, int status, const char *out, const char *err)
{
	expect_of_input(line, "\n", 1, status, out, err);
}

void expect_of_input(const char *line, const void *input, size_t size, int status, const char *out, const char *err)
{
	char *words, *argv[16], *out_text = NULL, *err_text = NULL, *next;
	FILE *in_file, *out_file, *err_file;
	size_t out_len, err_len;
	int argc = 0, got;

	words = strdup(line);
	assert_non_null(words);
	argv[argc++] = (char *)"vqnicctl";
	for (char *word = strtok_r(words, " ", &next); word; word = strtok_r(NULL, " ", &next))
		argv[argc++] = word;
	argv[argc] = NULL;
	in_file = fmemopen((void *)input, size, "r");
	out_file = open_memstream(&out_text, &out_len);
	err_file = open_memstream(&err_text, &err_len);
	assert_non_null(in_file);
	assert_non_null(out_file);
	assert_non_null(err_file);
	got = cli_run(argc, argv, in_file, out_file, err_file);
	fclose(in_file);
	fclose(out_file);
	fclose(err_file);
	assert_string_equal(err_text, err);
	assert_string_equal(out_text, out);
	assert_int_equal(got, status);
	free(out_text);
	free(err_text);
	free(words);
}
