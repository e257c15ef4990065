// SPDX-License-Identifier: GPL-2.0
/* The serial stub against a 16550 of a few registers. */
#include "mock.h"
#define time_now	serial_test_now
#define serial_early_init serial_test_early_init
#include "arch/x86/serial.c"
#include "ktest.h"

KTEST_SUITE(serial);

static struct {
	uint8_t scratch[2], ier[2], lcr[2], input[64];
	char output[4096];
	unsigned int written, in_fifo, read, nr_input;
	bool absent, blocked, half_scratch, frozen, endless;
	time_ns_t now;
	enum irq_line_result (*handler)(void *arg);
	void *handler_arg;
	int request_result;
} uart;

time_ns_t serial_test_now(void)
{
	return uart.now += uart.frozen ? 0 : NSEC_PER_MSEC / 2;
}

int irq_line_request(unsigned int gsi, bool level, bool active_low, enum irq_line_result (*fn)(void *arg), void *arg, const char *name)
{
	(void)gsi, (void)level, (void)active_low, (void)name;
	uart.handler = fn;
	uart.handler_arg = arg;
	return uart.request_result;
}

void irq_isa_to_gsi(unsigned int isa, unsigned int *gsi, bool *level, bool *active_low)
{
	*gsi = isa;
	*level = *active_low = false;
}

static uint8_t uart_lsr(void)
{
	uint8_t lsr = uart.endless || uart.read < uart.nr_input ? LSR_DATA : 0;

	if (!uart.blocked) {
		uart.in_fifo = 0;
		lsr |= LSR_EMPTY;
	}
	return lsr;
}

static uint8_t uart_read(uint16_t port)
{
	unsigned int n = port < 0x300;

	if (uart.absent)
		return 0xff;
	switch (port & 7) {
	case REG_SCRATCH: return uart.half_scratch && uart.scratch[n] == 0xa5 ? 0 : uart.scratch[n];
	case REG_LSR: return uart_lsr();
	case REG_DATA: return uart.input[uart.read++ % sizeof(uart.input)];
	default: return 0;
	}
}

static void uart_write(uint16_t port, uint8_t v)
{
	unsigned int n = port < 0x300;

	switch (port & 7) {
	case REG_SCRATCH: uart.scratch[n] = v; break;
	case REG_LCR: uart.lcr[n] = v; break;
	case REG_IER: uart.ier[n] = v; break;
	case REG_DATA:
		if (uart.lcr[n] & LCR_DIVISOR)
			break;
		EXPECT_LT(uart.in_fifo++, FIFO_BYTES);
		uart.output[uart.written++ % sizeof(uart.output)] = (char)v;
		break;
	}
}

static unsigned int received;
static uint8_t last_byte;

static void on_byte(unsigned int port, uint8_t byte)
{
	(void)port;
	received++;
	last_byte = byte;
}

static void uart_start(void)
{
	mock_reset();
	memset(&uart, 0, sizeof(uart));
	uart.request_result = 1;
	received = 0;
	mock.port_read = uart_read;
	mock.port_write = uart_write;
	serial_early_init();
}

KTEST_CASE(present_ports_are_found_and_set_to_8n1)
{
	uart_start();
	EXPECT_TRUE(serial_present(0));
	EXPECT_TRUE(serial_present(1));
	EXPECT_FALSE(serial_present(SERIAL_PORTS));
	EXPECT_EQ(uart.lcr[0], LCR_8N1);
}

KTEST_CASE(absent_port_swallows_output)
{
	uart_start();
	uart.absent = true;
	serial_early_init();
	EXPECT_FALSE(serial_present(0));
	serial_write(0, "x", 1);
	EXPECT_EQ(uart.written, 0);
	EXPECT_EQ(serial_on_receive(0, on_byte), -ENODEV);
}

KTEST_CASE(port_that_forgets_its_scratch_register_is_absent)
{
	uart_start();
	uart.half_scratch = true;
	serial_early_init();
	EXPECT_FALSE(serial_present(0));
}

KTEST_CASE(long_output_comes_out_whole_and_never_overruns_the_fifo)
{
	char text[1000];

	uart_start();
	memset(text, 'a', sizeof(text));
	serial_write(0, text, sizeof(text));
	EXPECT_EQ(uart.written, sizeof(text));
	EXPECT_MEMEQ(uart.output, text, sizeof(text));
}

KTEST_CASE(port_that_does_not_drain_drops_the_rest_in_bounded_time)
{
	uart_start();
	uart.blocked = true;
	serial_write(0, "abc", 3);
	EXPECT_EQ(uart.written, 0);
	EXPECT_LE(uart.now, WAIT_NS + NSEC_PER_SEC);
}

KTEST_CASE(stuck_port_is_given_little_time_until_it_drains)
{
	time_ns_t start;

	uart_start();
	uart.blocked = true;
	serial_write(0, "a", 1);
	start = uart.now;
	serial_write(0, "b", 1);
	EXPECT_LE(uart.now - start, WAIT_STUCK_NS + NSEC_PER_MSEC);
	uart.blocked = false;
	serial_write(0, "c", 1);
	EXPECT_EQ(uart.written, 1);
}

KTEST_CASE(interrupt_reads_everything_received)
{
	uart_start();
	ASSERT_EQ(serial_on_receive(0, on_byte), 0);
	EXPECT_EQ(uart.ier[0], IER_RECEIVE);
	memcpy(uart.input, "hello", 5);
	uart.nr_input = 5;
	EXPECT_EQ(uart.handler(uart.handler_arg), LINE_HANDLED);
	EXPECT_EQ(received, 5);
	EXPECT_EQ(last_byte, 'o');
	EXPECT_EQ(uart.handler(uart.handler_arg), LINE_NOT_MINE);
}

KTEST_CASE(second_port_receives_too)
{
	uart_start();
	EXPECT_EQ(serial_on_receive(1, on_byte), 0);
	EXPECT_EQ(uart.ier[1], IER_RECEIVE);
}

KTEST_CASE(refused_line_leaves_the_port_without_interrupts)
{
	uart_start();
	uart.request_result = -ENODEV;
	EXPECT_EQ(serial_on_receive(0, on_byte), -ENODEV);
	EXPECT_EQ(uart.ier[0], 0);
}

KTEST_CASE(port_that_does_not_drain_is_given_up_without_a_clock_too)
{
	uart_start();
	uart.blocked = uart.frozen = true;
	serial_write(0, "abc", 3);
	EXPECT_EQ(uart.written, 0);
	EXPECT_GE(mock.nr_relax, WAIT_POLLS);
	EXPECT_EQ(uart.now, 0);
}

KTEST_CASE(input_without_end_is_left_for_the_next_interrupt)
{
	uart_start();
	ASSERT_EQ(serial_on_receive(0, on_byte), 0);
	uart.endless = true;
	EXPECT_EQ(uart.handler(uart.handler_arg), LINE_HANDLED);
	EXPECT_EQ(received, RECEIVE_MAX);
}
