// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of connections (the bytecode of sock_diag(7)): comparisons of ports and addresses, each with two ways on. They only lead forward, to an
 * operation or the end, so a filter that was checked comes to an end inside its own memory. Marks, interfaces and control groups of sockets, which
 * there are none of here, are refused.
 */
#include <uapi/ferry/linux.h>
#include "diag.h"

#define STEP	((uint32_t)sizeof(struct linux_inet_diag_op))

static struct linux_inet_diag_op op_at(const uint8_t *code, uint32_t at)
{
	struct linux_inet_diag_op op;

	memcpy(&op, code + at, sizeof(op));
	return op;
}

static struct linux_inet_diag_host host_at(const uint8_t *code, uint32_t at)
{
	struct linux_inet_diag_host host;

	memcpy(&host, code + at + STEP, sizeof(host));
	return host;
}

/* ---- The check ---- */

/* Bytes of an address, or -EINVAL. */
static int address_bytes(uint8_t family)
{
	return family == LINUX_AF_UNSPEC ? 0 : family == LINUX_AF_INET ? 4 : family == LINUX_AF_INET6 ? 16 : -EINVAL;
}

/* Bytes of the operation at @at with what belongs to it, of which @left are there; 0: it is none. */
static uint32_t op_bytes(const uint8_t *code, uint32_t at, uint32_t left)
{
	struct linux_inet_diag_op op = op_at(code, at);
	struct linux_inet_diag_host host;
	uint32_t n = STEP;
	int bytes;

	switch (op.code) {
	case LINUX_INET_DIAG_BC_NOP:
	case LINUX_INET_DIAG_BC_JMP:
	case LINUX_INET_DIAG_BC_AUTO:
		break;
	case LINUX_INET_DIAG_BC_S_GE:
	case LINUX_INET_DIAG_BC_S_LE:
	case LINUX_INET_DIAG_BC_D_GE:
	case LINUX_INET_DIAG_BC_D_LE:
	case LINUX_INET_DIAG_BC_S_EQ:
	case LINUX_INET_DIAG_BC_D_EQ:
		n = 2 * STEP;
		break;
	case LINUX_INET_DIAG_BC_S_COND:
	case LINUX_INET_DIAG_BC_D_COND:
		n = STEP + (uint32_t)sizeof(host);
		if (n > left)
			return 0;
		host = host_at(code, at);
		bytes = address_bytes(host.family);
		if (bytes < 0 || host.prefix > 8 * bytes)
			return 0;
		n += (uint32_t)bytes;
		break;
	default:
		return 0;
	}
	return n <= left ? n : 0;
}

/* Does an operation begin at @to, or the filter end there? */
static bool leads_to_op(const uint8_t *code, uint32_t n, uint32_t to)
{
	uint32_t at = 0;

	while (at < to && n - at >= STEP && op_at(code, at).yes >= STEP && op_at(code, at).yes % STEP == 0)
		at += op_at(code, at).yes;
	return at == to;
}

int diag_filter_check(const uint8_t *code, uint32_t n)
{
	struct linux_inet_diag_op op;
	uint32_t at = 0, least, left;

	while (at < n) {
		left = n - at;
		least = left >= STEP ? op_bytes(code, at, left) : 0;
		if (!least)
			return -EINVAL;
		op = op_at(code, at);
		/* One past the end: it does not pass. */
		if (op.code != LINUX_INET_DIAG_BC_NOP) {
			if (op.no < least || op.no > left + STEP || op.no % STEP)
				return -EINVAL;
			if (op.no < left && !leads_to_op(code, n, at + op.no))
				return -EINVAL;
		}
		if (op.yes < least || op.yes > left + STEP || op.yes % STEP)
			return -EINVAL;
		at += op.yes;
	}
	return at == n ? 0 : -EINVAL;
}

/* ---- The machine ---- */

static bool prefix_matches(const uint8_t *a, const uint8_t *b, uint32_t bits)
{
	uint32_t bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes))
		return false;
	return !rest || !((a[bytes] ^ b[bytes]) >> (8 - rest));
}

static bool is_mapped(const uint32_t address[4])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(address, prefix, sizeof(prefix));
}

static bool host_matches(const uint8_t *code, uint32_t at, const struct diag_connection *c)
{
	struct linux_inet_diag_host host = host_at(code, at);
	bool source = op_at(code, at).code == LINUX_INET_DIAG_BC_S_COND;
	const uint32_t *address = source ? c->source : c->destination;
	const uint8_t *wanted = code + at + STEP + sizeof(host);

	if (host.port != -1 && host.port != (source ? c->source_port : c->destination_port))
		return false;
	if (host.family == LINUX_AF_UNSPEC)
		return true;
	if (host.family == c->family)
		return prefix_matches((const uint8_t *)address, wanted, host.prefix);
	return host.family == LINUX_AF_INET && is_mapped(address) && prefix_matches((const uint8_t *)&address[3], wanted, host.prefix);
}

static bool op_holds(const uint8_t *code, uint32_t at, const struct diag_connection *c)
{
	struct linux_inet_diag_op op = op_at(code, at);
	uint16_t port = 0;

	switch (op.code) {
	case LINUX_INET_DIAG_BC_NOP:
		return true;
	case LINUX_INET_DIAG_BC_JMP:
		return false;
	case LINUX_INET_DIAG_BC_AUTO:
		return !c->bound;
	case LINUX_INET_DIAG_BC_S_COND:
	case LINUX_INET_DIAG_BC_D_COND:
		return host_matches(code, at, c);
	default:
		port = op_at(code, at + STEP).no;
	}
	switch (op.code) {
	case LINUX_INET_DIAG_BC_S_EQ:
		return c->source_port == port;
	case LINUX_INET_DIAG_BC_S_GE:
		return c->source_port >= port;
	case LINUX_INET_DIAG_BC_S_LE:
		return c->source_port <= port;
	case LINUX_INET_DIAG_BC_D_EQ:
		return c->destination_port == port;
	case LINUX_INET_DIAG_BC_D_GE:
		return c->destination_port >= port;
	default:
		return c->destination_port <= port;
	}
}

bool diag_filter_run(const uint8_t *code, uint32_t n, const struct diag_connection *c)
{
	uint32_t at = 0;

	while (at < n)
		at += op_holds(code, at, c) ? op_at(code, at).yes : op_at(code, at).no;
	return at == n;
}
