// SPDX-License-Identifier: GPL-2.0
/* A driver process's end of the control messages (shim/user/message.c) against a kernel and a device manager that are this file. */
#include <driver/driver.h>
#include <stdlib.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/message.h>
#include <uapi/ferry/syscall.h>

/* In place of shim/user/process.h. */
#define SHIM_USER_PROCESS_H
#define DEVICE_FD	FERRY_DEVICE_FD
#define NEVER		(~0ull)
#define block_is_quiet	test_block_is_quiet
#define misc_is_quiet	test_misc_is_quiet
#define window_find	test_window_find

struct device {
	const struct driver *driver;
	struct ferry_device_info info;
	unsigned int nr_vectors;
	uint64_t asked;
	struct ferry_message_header probe_question, quiesce_question;
	bool quiescing;
	struct ferry_loop_stats loop;
};

static long driver_call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
bool block_is_quiet(const struct device *dev);
bool misc_is_quiet(const struct device *dev);
const struct mmio *window_find(const struct device *dev, unsigned int bar, uint64_t place, uint32_t *offset);

static inline uint64_t user_address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

#include <shim/user/message.c>
#include <ktest.h>

KTEST_SUITE(user_message);

#define MESSAGES_MAX	8

static struct device dev;
static union ferry_message inbox[MESSAGES_MAX], outbox[MESSAGES_MAX];
static unsigned int nr_in, next_in, nr_out, nr_irqs, last_vector, wanted_bar;
static uint64_t wanted_place;
static bool quiet;

static long driver_call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	union ferry_message *m = (union ferry_message *)(uintptr_t)b;

	if (nr == NR_ferry_ipc_send) {
		EXPECT_EQ(message_check(m, c, MESSAGE_FROM_DRIVER), 0);
		memcpy(&outbox[nr_out++ % MESSAGES_MAX], m, c);
		return 0;
	}
	if (nr != NR_ferry_ipc_recv)
		return 0;
	if (next_in == nr_in)
		return -EAGAIN;
	*m = inbox[next_in++];
	return m->header.size;
}

bool block_is_quiet(const struct device *d)
{
	return quiet;
}

bool misc_is_quiet(const struct device *d)
{
	return true;
}

const struct mmio *window_find(const struct device *d, unsigned int bar, uint64_t place, uint32_t *offset)
{
	wanted_bar = bar;
	wanted_place = place;
	return NULL;
}

static enum irq_result irq(struct device *d, unsigned int vector)
{
	nr_irqs++;
	last_vector = vector;
	return IRQ_HANDLED;
}

static const struct driver fake_driver = {
	.manifest = { .name = "fake", .version = "1.0", .needs = FERRY_NEEDS_MMIO | FERRY_NEEDS_DMA }, .irq = irq,
};

static void set_up(void)
{
	dev = (struct device){ .driver = &fake_driver, .info.flags = FERRY_INFO_ASKS, .nr_vectors = 2 };
	memset(outbox, 0, sizeof(outbox));
	nr_in = next_in = nr_out = nr_irqs = 0;
	quiet = true;
}

static union ferry_message *comes(enum ferry_message_type type)
{
	union ferry_message *m = &inbox[nr_in++];

	message_begin(m, type, nr_in);
	return m;
}

static void grant_comes(unsigned int granted, unsigned int refused)
{
	struct ferry_message_header question = { .type = FERRY_MESSAGE_REQUEST_CAPABILITY, .sequence = 2 };
	union ferry_message *m = &inbox[nr_in++];

	message_answer(m, &question, refused ? -EOPNOTSUPP : 0);
	m->capability_answer.granted = granted;
	m->capability_answer.refused = refused;
}

KTEST_CASE(it_registers_then_asks_for_each_need_then_waits_for_the_word)
{
	set_up();
	grant_comes(fake_driver.manifest.needs, 0);
	comes(FERRY_MESSAGE_PROBE_DEVICE);
	EXPECT_EQ(messages_start(&dev), 0);
	ASSERT_EQ(nr_out, 2);
	EXPECT_EQ(outbox[0].header.type, FERRY_MESSAGE_REGISTER);
	EXPECT_STREQ(outbox[0].registration.name, "fake");
	EXPECT_EQ(outbox[1].capability.nr_items, 2);
	EXPECT_EQ(outbox[1].capability.items[0].need | outbox[1].capability.items[1].need, fake_driver.manifest.needs);
	messages_probed(&dev, -ENODEV);
	EXPECT_TRUE(message_answers(&outbox[2], FERRY_MESSAGE_PROBE_DEVICE, 2));
	EXPECT_EQ(outbox[2].probe_answer.error, FERRY_ERROR_DEVICE_NOT_FOUND);
}

KTEST_CASE(refused_need_ends_the_start)
{
	set_up();
	grant_comes(FERRY_NEEDS_MMIO, FERRY_NEEDS_DMA);
	EXPECT_EQ(messages_start(&dev), -EACCES);
}

KTEST_CASE(grant_that_says_too_little_is_no_grant)
{
	set_up();
	grant_comes(FERRY_NEEDS_MMIO, 0);
	EXPECT_EQ(messages_start(&dev), -EACCES);
}

KTEST_CASE(manager_that_is_gone_ends_the_start)
{
	set_up();
	EXPECT_EQ(messages_start(&dev), -EAGAIN);
}

KTEST_CASE(who_was_given_everything_says_nothing)
{
	set_up();
	dev.info.flags = 0;
	EXPECT_EQ(messages_start(&dev), 0);
	messages_probed(&dev, 0);
	EXPECT_EQ(nr_out, 0);
}

KTEST_CASE(heartbeats_are_answered_by_their_number)
{
	set_up();
	comes(FERRY_MESSAGE_HEARTBEAT);
	comes(FERRY_MESSAGE_HEARTBEAT);
	EXPECT_TRUE(messages_run(&dev));
	EXPECT_EQ(nr_out, 2);
	EXPECT_TRUE(message_answers(&outbox[1], FERRY_MESSAGE_HEARTBEAT, 2));
}

KTEST_CASE(interrupt_reaches_the_driver_for_a_vector_it_has)
{
	set_up();
	comes(FERRY_MESSAGE_INTERRUPT)->interrupt = (struct ferry_message_interrupt){ inbox[0].header, DEVICE_FD, 1 };
	comes(FERRY_MESSAGE_INTERRUPT)->interrupt = (struct ferry_message_interrupt){ inbox[1].header, DEVICE_FD, 2 };
	comes(FERRY_MESSAGE_INTERRUPT)->interrupt = (struct ferry_message_interrupt){ inbox[2].header, DEVICE_FD + 1, 0 };
	EXPECT_TRUE(messages_run(&dev));
	EXPECT_EQ(nr_irqs, 1);
	EXPECT_EQ(last_vector, 1);
	EXPECT_EQ(nr_out, 0);
}

KTEST_CASE(io_that_it_does_not_know_is_unsupported)
{
	set_up();
	comes(FERRY_MESSAGE_IO_REQUEST)->io.io_type = 77;
	comes(FERRY_MESSAGE_IO_REQUEST)->io.length = 3;		/* a register of three bytes */
	comes(FERRY_MESSAGE_IO_REQUEST)->io.io_type = FERRY_IO_IOCTL;	/* command 0 */
	EXPECT_TRUE(messages_run(&dev));
	ASSERT_EQ(nr_out, 3);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(outbox[i].io_answer.error, FERRY_ERROR_UNSUPPORTED);
}

KTEST_CASE(register_without_a_window_is_not_found)
{
	union ferry_message *m;

	set_up();
	m = comes(FERRY_MESSAGE_IO_REQUEST);
	m->io.offset = 5ull << 56 | 0x1234;
	m->io.length = 4;
	EXPECT_TRUE(messages_run(&dev));
	EXPECT_EQ(wanted_bar, 5);
	EXPECT_EQ(wanted_place, 0x1234);
	EXPECT_EQ(outbox[0].io_answer.error, FERRY_ERROR_DEVICE_NOT_FOUND);
}

KTEST_CASE(loop_tells_what_it_did)
{
	union ferry_message *m;

	set_up();
	dev.loop.rounds = 7;
	m = comes(FERRY_MESSAGE_IO_REQUEST);
	m->io.io_type = FERRY_IO_IOCTL;
	m->io.offset = FERRY_IO_LOOP;
	EXPECT_TRUE(messages_run(&dev));
	EXPECT_EQ(outbox[0].io_answer.length, sizeof(struct ferry_loop_stats));
	EXPECT_EQ(outbox[0].io_answer.data[0], 7);
}

KTEST_CASE(quiesce_is_answered_once_nothing_is_under_way)
{
	set_up();
	quiet = false;
	comes(FERRY_MESSAGE_QUIESCE);
	EXPECT_TRUE(messages_run(&dev));
	messages_idle(&dev);
	EXPECT_TRUE(dev.quiescing);
	EXPECT_EQ(nr_out, 0);
	quiet = true;
	messages_idle(&dev);
	messages_idle(&dev);
	EXPECT_EQ(nr_out, 1);
	EXPECT_TRUE(message_answers(&outbox[0], FERRY_MESSAGE_QUIESCE, 1));
}

KTEST_CASE(shutdown_ends_the_loop_and_what_comes_later_stays)
{
	set_up();
	comes(FERRY_MESSAGE_SHUTDOWN);
	comes(FERRY_MESSAGE_HEARTBEAT);
	EXPECT_FALSE(messages_run(&dev));
	EXPECT_EQ(nr_out, 0);
}

KTEST_CASE(running_driver_is_too_busy_to_probe)
{
	set_up();
	comes(FERRY_MESSAGE_PROBE_DEVICE);
	EXPECT_TRUE(messages_run(&dev));
	EXPECT_EQ(outbox[0].probe_answer.error, FERRY_ERROR_RESOURCE_BUSY);
}
