// SPDX-License-Identifier: GPL-2.0
/*
 * Stub: the serial console, COM1 and COM2 (16550; PC16550D data sheet sections 8.1-8.6). Polled output, interrupt-driven input. Output
 * needs no lock: the log and the terminal each write under their own.
 */
#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/irq.h>
#include <asm/serial.h>
#include <kernel/time.h>

#define REG_DATA	0
#define REG_IER		1
#define REG_FCR		2	/* write */
#define REG_LCR		3
#define REG_MCR		4
#define REG_LSR		5
#define REG_SCRATCH	7
#define IER_RECEIVE	0x01
#define FCR_ENABLE	0x07	/* FIFO on, both cleared */
#define LCR_8N1		0x03
#define LCR_DIVISOR	0x80
#define MCR_ON		0x0b	/* DTR, RTS, OUT2: the interrupt line is driven */
#define LSR_DATA	0x01
#define LSR_EMPTY	0x20
#define FIFO_BYTES	16
#define RECEIVE_MAX	256	/* bytes for one interrupt */

/* How long the transmitter may stay full: patient with one that drains, be it on a busy host, short with one that let the last byte down. */
#define WAIT_NS		(10 * NSEC_PER_SEC)
#define WAIT_STUCK_NS	NSEC_PER_MSEC
#define WAIT_POLLS	2000000u

struct serial_port {
	uint16_t base;
	uint8_t isa_irq;
	bool present, stuck;
	unsigned int room;	/* bytes the FIFO certainly takes */
	void (*fn)(unsigned int port, uint8_t byte);
};

static struct serial_port ports[SERIAL_PORTS] = {
	{ .base = 0x3f8, .isa_irq = 4 },
	{ .base = 0x2f8, .isa_irq = 3 },
};

static bool port_detect(const struct serial_port *p)
{
	out8(p->base + REG_SCRATCH, 0x5a);
	if (in8(p->base + REG_SCRATCH) != 0x5a)
		return false;
	out8(p->base + REG_SCRATCH, 0xa5);
	return in8(p->base + REG_SCRATCH) == 0xa5;
}

static void port_program(const struct serial_port *p)
{
	out8(p->base + REG_IER, 0);
	out8(p->base + REG_LCR, LCR_DIVISOR);
	out8(p->base + REG_DATA, 1);
	out8(p->base + REG_IER, 0);
	out8(p->base + REG_LCR, LCR_8N1);
	out8(p->base + REG_FCR, FCR_ENABLE);
	out8(p->base + REG_MCR, MCR_ON);
}

void serial_early_init(void)
{
	unsigned int i;

	for (i = 0; i < SERIAL_PORTS; i++) {
		ports[i].present = port_detect(&ports[i]);
		ports[i].stuck = false;
		ports[i].room = 0;
		if (ports[i].present)
			port_program(&ports[i]);
	}
}

bool serial_present(unsigned int port)
{
	return port < SERIAL_PORTS && ports[port].present;
}

/* The clock may not run yet: then polls are counted. */
static bool is_late(const struct serial_port *p, time_ns_t start, uint32_t polls)
{
	time_ns_t waited = time_now() - start;

	return waited ? waited > (p->stuck ? WAIT_STUCK_NS : WAIT_NS) : polls >= WAIT_POLLS;
}

/* Wait for an empty FIFO. */
static bool port_wait(struct serial_port *p)
{
	time_ns_t start = time_now();
	uint32_t polls;

	for (polls = 0; !(in8(p->base + REG_LSR) & LSR_EMPTY); polls++) {
		if (polls % 64 == 63 && is_late(p, start, polls)) {
			p->stuck = true;
			return false;
		}
		cpu_relax();
	}
	p->stuck = false;
	p->room = FIFO_BYTES;
	return true;
}

void serial_write(unsigned int port, const char *text, size_t length)
{
	struct serial_port *p = &ports[port % SERIAL_PORTS];
	size_t i;

	if (!serial_present(port))
		return;
	for (i = 0; i < length; i++) {
		if (!p->room && !port_wait(p))
			return;
		out8(p->base + REG_DATA, (uint8_t)text[i]);
		p->room--;
	}
}

/* Both ports are edge-triggered lines: everything received must be read, or no further edge comes. */
static enum irq_line_result port_interrupt(void *arg)
{
	struct serial_port *p = arg;
	unsigned int port = (unsigned int)(p - ports), n;

	for (n = 0; n < RECEIVE_MAX && (in8(p->base + REG_LSR) & LSR_DATA); n++)
		p->fn(port, in8(p->base + REG_DATA));
	return n ? LINE_HANDLED : LINE_NOT_MINE;
}

int serial_on_receive(unsigned int port, void (*fn)(unsigned int port, uint8_t byte))
{
	struct serial_port *p = &ports[port % SERIAL_PORTS];
	bool level, active_low;
	unsigned int gsi;
	uint64_t flags;
	int cookie;

	if (!serial_present(port))
		return -ENODEV;
	p->fn = fn;
	irq_isa_to_gsi(p->isa_irq, &gsi, &level, &active_low);
	cookie = irq_line_request(gsi, level, active_low, port_interrupt, p, port ? "COM2" : "COM1");
	if (cookie < 0)
		return cookie;
	flags = irq_save();
	out8(p->base + REG_IER, IER_RECEIVE);
	port_interrupt(p);	/* what came before */
	irq_restore(flags);
	return 0;
}
