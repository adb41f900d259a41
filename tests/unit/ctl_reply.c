// SPDX-License-Identifier: Apache-2.0
/* The gathering of netlink answers (ctl/lib/reply.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>

#include "ctl_message.h"
#include "reply.h"

/* Feeds a copy that ends where the datagram does, so that the address sanitizer sees a read beyond it. */
static int feed(struct reply *r, const struct bytes *b, size_t len)
{
	void *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, b->data, len);
	ret = reply_feed(r, copy, len);
	free(copy);
	return ret;
}

static void one_object_and_verdict(void **state)
{
	struct bytes b = { 0 };
	struct reply r;

	(void)state;
	put_card(&b, 0);
	put_verdict(&b, 0, NULL);
	reply_init(&r, SEQ);
	assert_int_equal(feed(&r, &b, b.len), 0);
	assert_true(r.done);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.messages[0]->nlmsg_type, FAMILY);
	reply_free(&r);
}

static void dump_over_several_datagrams(void **state)
{
	struct bytes first = { 0 }, second = { 0 }, third = { 0 };
	struct reply r;

	(void)state;
	put_card(&first, NLM_F_MULTI);
	put_card(&first, NLM_F_MULTI);
	put_card(&second, NLM_F_MULTI);
	put_done(&third, 0);
	reply_init(&r, SEQ);
	assert_int_equal(feed(&r, &first, first.len), 0);
	assert_int_equal(feed(&r, &second, second.len), 0);
	assert_false(r.done);
	assert_int_equal(feed(&r, &third, third.len), 0);
	assert_true(r.done);
	assert_false(r.interrupted);
	assert_int_equal(r.count, 3);
	reply_free(&r);
}

static void dump_overtaken_by_a_change(void **state)
{
	struct bytes b = { 0 };
	struct reply r;

	(void)state;
	put_card(&b, NLM_F_MULTI | NLM_F_DUMP_INTR);
	put_done(&b, 0);
	reply_init(&r, SEQ);
	assert_int_equal(feed(&r, &b, b.len), 0);
	assert_true(r.interrupted);
	reply_free(&r);
}

static void dump_that_fails_half_way(void **state)
{
	struct bytes b = { 0 };
	struct reply r;

	(void)state;
	put_card(&b, NLM_F_MULTI);
	put_done(&b, -EIO);
	reply_init(&r, SEQ);
	assert_int_equal(feed(&r, &b, b.len), 0);
	assert_true(r.done);
	assert_int_equal(r.error, -EIO);
	reply_free(&r);
}

static void other_requests_answers_are_skipped(void **state)
{
	struct bytes b = { 0 };
	struct reply r;

	(void)state;
	put_card(&b, 0);
	put_verdict(&b, -EIO, "of another request");
	reply_init(&r, SEQ + 1);
	assert_int_equal(feed(&r, &b, b.len), 0);
	assert_false(r.done);
	assert_int_equal(r.count, 0);
	reply_free(&r);
}

static void text_of_a_refusal(void **state)
{
	struct bytes b = { 0 };
	struct reply r;

	(void)state;
	put_verdict(&b, -ENODEV, "no such\ncard");
	reply_init(&r, SEQ);
	assert_int_equal(feed(&r, &b, b.len), 0);
	assert_int_equal(r.error, -ENODEV);
	assert_string_equal(r.text, "no such card");
	reply_free(&r);
}

/* An acknowledgement that is not capped repeats the request before its attributes. */
static void text_after_the_whole_request(void **state)
{
	struct nlmsgerr err = { .error = -EINVAL, .msg = { .nlmsg_len = sizeof(struct nlmsghdr) + 6 } };
	struct bytes b = { 0 };
	struct reply r;
	size_t at;

	(void)state;
	at = begin_message(&b, NLMSG_ERROR, NLM_F_ACK_TLVS);
	put(&b, &err, sizeof(err));
	put(&b, "\x09\0\x01\0zz", 6);
	put_string(&b, NLMSGERR_ATTR_MSG, "why");
	end_message(&b, at);
	reply_init(&r, SEQ);
	assert_int_equal(feed(&r, &b, b.len), 0);
	assert_string_equal(r.text, "why");
	reply_free(&r);
}

static void a_long_text_is_cut(void **state)
{
	struct bytes b = { 0 };
	char text[1000];
	struct reply r;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	put_verdict(&b, -EINVAL, text);
	reply_init(&r, SEQ);
	assert_int_equal(feed(&r, &b, b.len), 0);
	assert_int_equal(strlen(r.text), sizeof(r.text) - 1);
	reply_free(&r);
}

static void lies_of_the_sender_are_refused(void **state)
{
	struct nlmsgerr positive = { .error = 5 }, wild = { .error = -EINVAL, .msg = { .nlmsg_len = 0xfffffff0 } };
	struct bytes b = { 0 }, overrun = { 0 }, tiny = { 0 }, error_short = { 0 }, huge = { 0 };
	struct reply r;
	uint32_t len;

	(void)state;
	begin_message(&b, NLMSG_ERROR, 0);
	put(&b, &positive, sizeof(positive));
	end_message(&b, 0);
	reply_init(&r, SEQ);
	assert_int_equal(feed(&r, &b, b.len), -EBADMSG);

	end_message(&overrun, begin_message(&overrun, NLMSG_OVERRUN, 0));
	assert_int_equal(feed(&r, &overrun, overrun.len), -EBADMSG);

	/* a length below the header's, and one beyond the datagram */
	begin_message(&tiny, FAMILY, 0);
	len = 4;
	memcpy(tiny.data, &len, sizeof(len));
	assert_int_equal(feed(&r, &tiny, tiny.len), -EBADMSG);
	len = 0x80000000;
	memcpy(tiny.data, &len, sizeof(len));
	assert_int_equal(feed(&r, &tiny, tiny.len), -EBADMSG);

	/* a verdict without room for one */
	begin_message(&error_short, NLMSG_ERROR, 0);
	put(&error_short, "\0\0\0\0", 4);
	end_message(&error_short, 0);
	assert_int_equal(feed(&r, &error_short, error_short.len), -EBADMSG);
	assert_false(r.done);

	/* attributes said to begin far beyond the end */
	begin_message(&huge, NLMSG_ERROR, NLM_F_ACK_TLVS);
	put(&huge, &wild, sizeof(wild));
	end_message(&huge, 0);
	assert_int_equal(feed(&r, &huge, huge.len), 0);
	assert_string_equal(r.text, "");
	reply_free(&r);
}

/* Every datagram cut at every length, and with every byte changed to several values, is survived. */
static void any_damage_is_survived(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x03, 0x7f, 0x80, 0xff };
	struct bytes b = { 0 };
	struct reply r;

	(void)state;
	put_card(&b, NLM_F_MULTI);
	put_verdict(&b, -EINVAL, "text");
	for (size_t len = 0; len < b.len; len++) {
		reply_init(&r, SEQ);
		feed(&r, &b, len);
		assert_false(r.done);
		reply_free(&r);
	}
	for (size_t i = 0; i < b.len; i++) {
		unsigned char was = b.data[i];

		for (size_t v = 0; v < sizeof(values); v++) {
			b.data[i] = values[v];
			reply_init(&r, SEQ);
			feed(&r, &b, b.len);
			assert_true(r.error <= 0 || !r.done);
			reply_free(&r);
		}
		b.data[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_object_and_verdict),
		cmocka_unit_test(dump_over_several_datagrams),
		cmocka_unit_test(dump_overtaken_by_a_change),
		cmocka_unit_test(dump_that_fails_half_way),
		cmocka_unit_test(other_requests_answers_are_skipped),
		cmocka_unit_test(text_of_a_refusal),
		cmocka_unit_test(text_after_the_whole_request),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(lies_of_the_sender_are_refused),
		cmocka_unit_test(any_damage_is_survived),
	};

	return cmocka_run_group_tests_name("ctl_reply", tests, NULL, NULL);
}
