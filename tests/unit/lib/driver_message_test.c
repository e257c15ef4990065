// SPDX-License-Identifier: GPL-2.0
/* The codec of control messages (include/lib/message.h). */
#include <driver/error.h>
#include <ktest.h>
#include <lib/message.h>
#include <lib/string.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/errno.h>
#include <uapi/ferry/manifest.h>

KTEST_SUITE(driver_message);

static const unsigned int from_driver[] = { FERRY_MESSAGE_REGISTER, FERRY_MESSAGE_REQUEST_CAPABILITY };
static const unsigned int from_manager[] = {
	FERRY_MESSAGE_PROBE_DEVICE, FERRY_MESSAGE_IO_REQUEST, FERRY_MESSAGE_INTERRUPT, FERRY_MESSAGE_HEARTBEAT, FERRY_MESSAGE_QUIESCE,
	FERRY_MESSAGE_SHUTDOWN,
};

/* A question of @type that is right. */
static union ferry_message question(unsigned int type)
{
	union ferry_message m;

	message_begin(&m, (enum ferry_message_type)type, 7);
	if (type == FERRY_MESSAGE_REGISTER)
		m.registration.name[0] = 'x';
	if (type == FERRY_MESSAGE_REQUEST_CAPABILITY) {
		m.capability.nr_items = 1;
		m.capability.items[0].kind = FERRY_HANDLE_IRQ;
		m.capability.items[0].need = FERRY_NEEDS_IRQ;
	}
	return m;
}

static int check(const union ferry_message *m, enum message_side side)
{
	return message_check(m, m->header.size, side);
}

KTEST_CASE(every_question_passes_from_its_side_only)
{
	union ferry_message m;

	for (unsigned int i = 0; i < sizeof(from_driver) / sizeof(from_driver[0]); i++) {
		m = question(from_driver[i]);
		EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), 0);
		EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EOPNOTSUPP);
	}
	for (unsigned int i = 0; i < sizeof(from_manager) / sizeof(from_manager[0]); i++) {
		m = question(from_manager[i]);
		EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), 0);
		EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EOPNOTSUPP);
	}
}

KTEST_CASE(every_answer_passes_from_the_other_side_only)
{
	static const unsigned int answered[] = {
		FERRY_MESSAGE_PROBE_DEVICE, FERRY_MESSAGE_IO_REQUEST, FERRY_MESSAGE_HEARTBEAT, FERRY_MESSAGE_QUIESCE,
	};
	union ferry_message m, a;

	for (unsigned int i = 0; i < sizeof(answered) / sizeof(answered[0]); i++) {
		m = question(answered[i]);
		ASSERT_TRUE(message_answer(&a, &m.header, 0));
		EXPECT_EQ(check(&a, MESSAGE_FROM_DRIVER), 0);
		EXPECT_EQ(check(&a, MESSAGE_FROM_MANAGER), -EOPNOTSUPP);
		EXPECT_TRUE(message_answers(&a, (enum ferry_message_type)answered[i], 7));
		EXPECT_FALSE(message_answers(&a, (enum ferry_message_type)answered[i], 8));
		EXPECT_FALSE(message_answers(&m, (enum ferry_message_type)answered[i], 7));
	}
	m = question(FERRY_MESSAGE_REQUEST_CAPABILITY);
	ASSERT_TRUE(message_answer(&a, &m.header, 0));
	EXPECT_EQ(check(&a, MESSAGE_FROM_MANAGER), 0);
	EXPECT_EQ(check(&a, MESSAGE_FROM_DRIVER), -EOPNOTSUPP);
}

KTEST_CASE(what_has_no_answer_gets_none)
{
	union ferry_message m = question(FERRY_MESSAGE_SHUTDOWN), a;

	EXPECT_FALSE(message_answer(&a, &m.header, 0));
	m = question(FERRY_MESSAGE_INTERRUPT);
	EXPECT_FALSE(message_answer(&a, &m.header, 0));
	m = question(FERRY_MESSAGE_HEARTBEAT);
	ASSERT_TRUE(message_answer(&a, &m.header, 0));
	EXPECT_FALSE(message_answer(&m, &a.header, 0));
	m.header.type = 4711;
	EXPECT_FALSE(message_answer(&a, &m.header, 0));
}

KTEST_CASE(every_wrong_length_is_refused)
{
	union ferry_message m = question(FERRY_MESSAGE_PROBE_DEVICE);
	unsigned char more[sizeof(m) + 1] = { 0 };

	for (size_t n = 0; n <= sizeof(m); n++)
		if (n != sizeof(m.probe))
			EXPECT_EQ(message_check(&m, n, MESSAGE_FROM_MANAGER), -EBADMSG);
	memcpy(more, &m, sizeof(m));
	EXPECT_EQ(message_check(more, sizeof(more), MESSAGE_FROM_MANAGER), -EBADMSG);
	m.header.size++;
	EXPECT_EQ(message_check(&m, sizeof(m.probe), MESSAGE_FROM_MANAGER), -EBADMSG);
}

KTEST_CASE(other_version_is_told_apart_from_a_bad_message)
{
	union ferry_message m = question(FERRY_MESSAGE_HEARTBEAT);

	m.header.version = FERRY_MESSAGE_VERSION + 1;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EPROTONOSUPPORT);
}

KTEST_CASE(type_that_is_not_known_is_unsupported)
{
	union ferry_message m = question(FERRY_MESSAGE_HEARTBEAT);

	m.header.type = 0;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EOPNOTSUPP);
	m.header.type = FERRY_MESSAGE_TYPES;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EOPNOTSUPP);
	EXPECT_FALSE(message_begin(&m, (enum ferry_message_type)0, 1));
	EXPECT_FALSE(message_begin(&m, FERRY_MESSAGE_TYPES, 1));
	EXPECT_STREQ(message_type_name(999), "unknown");
	EXPECT_STREQ(message_type_name(FERRY_MESSAGE_QUIESCE | FERRY_MESSAGE_ANSWER), "quiesce");
}

KTEST_CASE(message_without_a_number_is_refused)
{
	union ferry_message m = question(FERRY_MESSAGE_HEARTBEAT);

	m.header.sequence = 0;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EBADMSG);
}

KTEST_CASE(text_without_an_end_is_refused)
{
	union ferry_message m = question(FERRY_MESSAGE_REGISTER);

	memset(m.registration.name, 'x', sizeof(m.registration.name));
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
	m = question(FERRY_MESSAGE_REGISTER);
	memset(m.registration.version, 'x', sizeof(m.registration.version));
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
	m = question(FERRY_MESSAGE_REGISTER);
	m.registration.name[0] = '\0';
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
}

KTEST_CASE(request_for_something_that_is_no_single_need_is_refused)
{
	union ferry_message m = question(FERRY_MESSAGE_REQUEST_CAPABILITY);

	m.capability.items[0].need = 0;
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
	m.capability.items[0].need = FERRY_NEEDS_IRQ | FERRY_NEEDS_DMA;
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
	m.capability.items[0].need = FERRY_NEEDS_ALL + 1;
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
	m = question(FERRY_MESSAGE_REQUEST_CAPABILITY);
	m.capability.nr_items = 0;
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
	m.capability.nr_items = FERRY_MESSAGE_ITEMS_MAX + 1;
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
}

KTEST_CASE(bytes_behind_the_last_item_are_zero)
{
	union ferry_message m = question(FERRY_MESSAGE_REQUEST_CAPABILITY);

	m.capability.items[1].kind = 1;
	EXPECT_EQ(check(&m, MESSAGE_FROM_DRIVER), -EBADMSG);
}

KTEST_CASE(capability_is_granted_or_refused_not_both)
{
	union ferry_message m = question(FERRY_MESSAGE_REQUEST_CAPABILITY), a;

	message_answer(&a, &m.header, 0);
	a.capability_answer.granted = FERRY_NEEDS_IRQ;
	a.capability_answer.refused = FERRY_NEEDS_DMA;
	EXPECT_EQ(check(&a, MESSAGE_FROM_MANAGER), 0);
	a.capability_answer.refused |= FERRY_NEEDS_IRQ;
	EXPECT_EQ(check(&a, MESSAGE_FROM_MANAGER), -EBADMSG);
}

KTEST_CASE(io_of_any_type_passes_and_its_length_is_bounded)
{
	union ferry_message m = question(FERRY_MESSAGE_IO_REQUEST);

	m.io.io_type = 77;	/* the driver answers: unsupported */
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), 0);
	m.io.io_type = FERRY_IO_READ;
	m.io.length = FERRY_MESSAGE_DATA_MAX;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), 0);
	m.io.length++;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EBADMSG);
}

KTEST_CASE(io_carries_no_byte_beyond_its_length)
{
	union ferry_message m = question(FERRY_MESSAGE_IO_REQUEST), a;

	m.io.io_type = FERRY_IO_WRITE;
	m.io.length = 4;
	m.io.data[3] = 1;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), 0);
	m.io.data[4] = 1;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EBADMSG);
	m.io.data[4] = 0;
	m.io.io_type = FERRY_IO_READ;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EBADMSG);
	message_answer(&a, &m.header, -EIO);
	EXPECT_EQ(check(&a, MESSAGE_FROM_DRIVER), 0);
	a.io_answer.length = 1;
	EXPECT_EQ(check(&a, MESSAGE_FROM_DRIVER), -EBADMSG);
}

KTEST_CASE(probe_answer_agrees_with_itself)
{
	union ferry_message m = question(FERRY_MESSAGE_PROBE_DEVICE), a;

	message_answer(&a, &m.header, -ENODEV);
	EXPECT_EQ(a.probe_answer.error, FERRY_ERROR_DEVICE_NOT_FOUND);
	EXPECT_EQ(a.probe_answer.found, 0);
	EXPECT_EQ(check(&a, MESSAGE_FROM_DRIVER), 0);
	a.probe_answer.found = 1;
	EXPECT_EQ(check(&a, MESSAGE_FROM_DRIVER), -EBADMSG);
	message_answer(&a, &m.header, 0);
	EXPECT_EQ(a.probe_answer.found, 1);
}

KTEST_CASE(vector_is_bounded)
{
	union ferry_message m = question(FERRY_MESSAGE_INTERRUPT);

	m.interrupt.vector = FERRY_VECTORS_MAX;
	EXPECT_EQ(check(&m, MESSAGE_FROM_MANAGER), -EBADMSG);
}

KTEST_CASE(the_eight_errors_go_to_errno_and_back)
{
	EXPECT_EQ(message_error(0), FERRY_ERROR_NONE);
	EXPECT_EQ(message_errno(FERRY_ERROR_NONE), 0);
	EXPECT_EQ(FERRY_ERRORS - 1, DRIVER_ERROR_COUNT);
	for (unsigned int e = 1; e < FERRY_ERRORS; e++) {
		EXPECT_EQ(message_error(message_errno(e)), e);
		for (unsigned int other = 1; other < e; other++)
			EXPECT_NE(message_errno(e), message_errno(other));
	}
	EXPECT_EQ(message_error(-EINVAL), FERRY_ERROR_GENERAL);
	EXPECT_EQ(message_errno(FERRY_ERRORS), -EIO);
	EXPECT_EQ(message_errno(~0u), -EIO);
}

KTEST_CASE(decoding_leaves_nothing_of_what_was_there)
{
	union ferry_message m = question(FERRY_MESSAGE_HEARTBEAT), to;

	memset(&to, 0xff, sizeof(to));
	ASSERT_EQ(message_decode(&to, &m, m.header.size, MESSAGE_FROM_MANAGER), 0);
	for (size_t i = sizeof(m.header); i < sizeof(to); i++)
		ASSERT_EQ(to.bytes[i], 0);
}
