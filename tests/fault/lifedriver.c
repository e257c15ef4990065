// SPDX-License-Identifier: GPL-2.0
/*
 * A driver for QEMU's edu device that dies, fails, hangs or misbehaves at one step of its life: which one, its own name says (lifecycle writes
 * names into copies of this file). It speaks to the kernel and the device manager without the shim, so that every step is under control.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include "../../lib/driver_error.c"
#include "../../lib/driver_message.c"
#include <uapi/ferry/syscall.h>

#define FD	FERRY_DEVICE_FD
#define NEVER	(~0ull)
#define PTR(p)	((uint64_t)(uintptr_t)(p))
#define NEEDS	(FERRY_NEEDS_MMIO | FERRY_NEEDS_IRQ)

__attribute__((section(".ferry_manifest"), used)) const struct ferry_manifest manifest = {
	.magic = FERRY_MANIFEST_MAGIC, .size = sizeof(struct ferry_manifest), .name = "life_placeholder", .version = "1.0",
	.author = "The Ferry authors", .description = "Dies in many ways", .needs = NEEDS,
	.match = { { .bus = FERRY_BUS_PCI, .vendor = 0x1234, .device = 0x11e8, .subvendor = FERRY_MATCH_ANY, .subdevice = FERRY_MATCH_ANY } },
};

static const char *volatile name = manifest.name + 5;	/* behind "life_"; not folded: the file is patched */
static uint64_t asked;

static long call(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	long result = syscall(nr, a, b, c, d);

	return result < 0 ? -errno : result;
}

static int is(const char *mode)
{
	return !strcmp(name, mode);
}

static void die_if(const char *mode)
{
	if (is(mode))
		abort();
}

static void say(const char *text)
{
	call(NR_ferry_driver_log, 6, PTR(text), strlen(text), 0);
}

static long send(const void *m, size_t length)
{
	return call(NR_ferry_ipc_send, FD, PTR(m), length, 0);
}

static long register_send(void)
{
	union ferry_message m;

	message_begin(&m, FERRY_MESSAGE_REGISTER, ++asked);
	memcpy(m.registration.name, manifest.name, sizeof(m.registration.name));
	memcpy(m.registration.version, manifest.version, sizeof(m.registration.version));
	m.registration.needs = NEEDS;
	return send(&m, m.header.size);
}

static long request_send(unsigned int needs)
{
	union ferry_message m;
	unsigned int bit;

	message_begin(&m, FERRY_MESSAGE_REQUEST_CAPABILITY, ++asked);
	for (bit = 1; bit <= FERRY_NEEDS_ALL; bit <<= 1)
		if (needs & bit)
			m.capability.items[m.capability.nr_items++].need = bit;
	return send(&m, m.header.size);
}

static long state(unsigned int state, long err)
{
	return call(NR_ferry_driver_state, state, (uint64_t)err, 0, 0);
}

#define WANT(expression, wanted) do {				\
	if ((expression) != (wanted)) {				\
		say("not refused: " #expression);		\
		_exit(1);					\
	}							\
} while (0)

/* Each lie by its errno; none of them moves the driver's life on. */
static void bad_messages(void)
{
	union ferry_message m;

	message_begin(&m, FERRY_MESSAGE_REQUEST_CAPABILITY, 1);
	m.capability.nr_items = 1;
	m.capability.items[0].need = FERRY_NEEDS_IRQ;
	WANT(send(&m, m.header.size), -EBADMSG);	/* before it has registered */
	WANT(send(&m, 3), -EBADMSG);
	WANT(send(&m, 100000), -EBADMSG);
	WANT(call(NR_ferry_ipc_send, FD, 0xffff800000000000ull, 64, 0), -EFAULT);
	message_begin(&m, FERRY_MESSAGE_HEARTBEAT, 1);
	WANT(send(&m, m.header.size), -EOPNOTSUPP);	/* the manager's */
	WANT(register_send(), 0);
	asked = 0;
	WANT(register_send(), -EBADMSG);		/* twice */
	asked = 7;
	WANT(request_send(NEEDS), -EBADMSG);		/* a number left out */
	message_begin(&m, FERRY_MESSAGE_HEARTBEAT, 9);
	message_answer(&m, &m.header, 0);
	WANT(send(&m, m.header.size), -EBADMSG);	/* nobody asked */
	m.header.version = 9;
	WANT(send(&m, m.header.size), -EPROTONOSUPPORT);
	WANT(call(NR_ferry_ipc_recv, FD, PTR(&m), 8, 0), -EMSGSIZE);
	WANT(state(FERRY_STATE_PROBING, 0), -EINVAL);	/* not granted */
	WANT(state(FERRY_STATE_RUNNING, 0), -EINVAL);
	asked = 1;
	say("all lies were refused");
}

static void flood(void)
{
	union ferry_message m;
	int i, refused = 0;

	for (i = 0; i < 200000; i++) {
		message_begin(&m, FERRY_MESSAGE_HEARTBEAT, 1);
		refused += send(&m, m.header.size) == -EOPNOTSUPP;
	}
	if (refused == 200000)
		say("the flood was refused");
}

static void probe_wait(void)
{
	union ferry_message m;

	do {
		if (call(NR_ferry_ipc_recv, FD, PTR(&m), sizeof(m), NEVER) < 0)
			_exit(2);
		if (m.header.type == (FERRY_MESSAGE_REQUEST_CAPABILITY | FERRY_MESSAGE_ANSWER) && m.capability_answer.refused) {
			state(FERRY_STATE_FAILED, -EACCES);
			_exit(1);
		}
	} while (m.header.type != FERRY_MESSAGE_PROBE_DEVICE);
}

static void start(void)
{
	die_if("spawned");
	while (is("silent"))
		call(NR_ferry_driver_wait, 0, 0, NEVER, FERRY_WAIT_SLEEP);
	if (is("lies"))
		bad_messages();
	else
		register_send();
	die_if("initializing");
	if (is("floods"))
		flood();
	request_send(is("greedy") ? NEEDS | FERRY_NEEDS_DMA : NEEDS);
	probe_wait();
	die_if("granted");
	state(FERRY_STATE_PROBING, 0);
	die_if("probing");
	if (is("fails") || is("nodevice"))
		_exit(state(FERRY_STATE_FAILED, is("fails") ? -ENXIO : -ENODEV) != 0);
	state(FERRY_STATE_RUNNING, 0);
	die_if("running");
}

static void run(void)
{
	struct ferry_events e;
	union ferry_message m, a;

	for (;;) {
		if (call(NR_ferry_driver_wait, PTR(&e), sizeof(e), NEVER, is("hangs") ? FERRY_WAIT_SLEEP : 0))
			_exit(124);
		while (call(NR_ferry_ipc_recv, FD, PTR(&m), sizeof(m), 0) > 0) {
			if (m.header.type == FERRY_MESSAGE_SHUTDOWN)
				return;
			if (m.header.type == FERRY_MESSAGE_QUIESCE && is("stubborn"))
				continue;
			if (message_answer(&a, &m.header, m.header.type == FERRY_MESSAGE_IO_REQUEST ? -EOPNOTSUPP : 0))
				send(&a, a.header.size);
		}
		if (e.control & FERRY_CONTROL_REMOVE)
			return;
	}
}

int main(void)
{
	start();
	run();
	state(FERRY_STATE_QUIESCED, 0);
	return 0;
}
