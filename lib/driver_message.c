// SPDX-License-Identifier: GPL-2.0
/* The codec of control messages: what each type looks like is a row of the table, what is inside is checked by a function of its own. */
#include <driver/error.h>
#include <lib/message.h>
#include <lib/string.h>
#include <uapi/ferry/driver_abi.h>
#include <uapi/ferry/errno.h>
#include <uapi/ferry/manifest.h>

struct message_kind {
	const char *name;
	enum message_side from;		/* of the question; the answer comes from the other side */
	size_t question, answer;	/* sizes; 0: there is none */
	bool (*question_ok)(const union ferry_message *m);
	bool (*answer_ok)(const union ferry_message *m);
};

static bool text_ends(const char *text, size_t size)
{
	return strnlen(text, size) < size;
}

static bool one_bit(uint32_t bits)
{
	return bits && !(bits & (bits - 1));
}

static bool bytes_are_zero(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool register_ok(const union ferry_message *m)
{
	const struct ferry_message_register *r = &m->registration;

	return text_ends(r->name, sizeof(r->name)) && r->name[0] && text_ends(r->version, sizeof(r->version)) && !(r->needs & ~FERRY_NEEDS_ALL);
}

static bool capability_ok(const union ferry_message *m)
{
	const struct ferry_message_capability *c = &m->capability;

	if (!c->nr_items || c->nr_items > FERRY_MESSAGE_ITEMS_MAX || c->reserved)
		return false;
	for (uint32_t i = 0; i < c->nr_items; i++)
		if (c->items[i].kind > FERRY_HANDLE_NOTIFY || !one_bit(c->items[i].need) || c->items[i].need & ~FERRY_NEEDS_ALL)
			return false;
	return bytes_are_zero((const unsigned char *)&c->items[c->nr_items], (FERRY_MESSAGE_ITEMS_MAX - c->nr_items) * sizeof(c->items[0]));
}

static bool capability_answer_ok(const union ferry_message *m)
{
	const struct ferry_message_capability_answer *a = &m->capability_answer;

	return a->error < FERRY_ERRORS && !((a->granted | a->refused) & ~FERRY_NEEDS_ALL) && !(a->granted & a->refused) && !a->reserved;
}

static bool probe_ok(const union ferry_message *m)
{
	return m->probe.bus <= FERRY_BUS_PLATFORM && text_ends(m->probe.name, sizeof(m->probe.name));
}

static bool probe_answer_ok(const union ferry_message *m)
{
	return m->probe_answer.error < FERRY_ERRORS && m->probe_answer.found == (m->probe_answer.error == FERRY_ERROR_NONE);
}

/* Bytes that are not sent are zero: nothing leaks, and nothing hides there. */
static bool io_ok(const union ferry_message *m)
{
	const struct ferry_message_io *io = &m->io;
	uint32_t sent = io->io_type == FERRY_IO_READ ? 0 : io->length;

	return io->length <= FERRY_MESSAGE_DATA_MAX && bytes_are_zero(io->data + sent, FERRY_MESSAGE_DATA_MAX - sent);
}

static bool io_answer_ok(const union ferry_message *m)
{
	const struct ferry_message_io_answer *a = &m->io_answer;

	if (a->error >= FERRY_ERRORS || a->length > FERRY_MESSAGE_DATA_MAX || (a->error && a->length))
		return false;
	return bytes_are_zero(a->data + a->length, FERRY_MESSAGE_DATA_MAX - a->length);
}

static bool interrupt_ok(const union ferry_message *m)
{
	return m->interrupt.vector < FERRY_VECTORS_MAX;
}

static bool answer_ok(const union ferry_message *m)
{
	return m->answer.error < FERRY_ERRORS && !m->answer.reserved;
}

static const struct message_kind kinds[FERRY_MESSAGE_TYPES] = {
	[FERRY_MESSAGE_REGISTER] = { "register", MESSAGE_FROM_DRIVER, sizeof(struct ferry_message_register), 0, register_ok, NULL },
	[FERRY_MESSAGE_REQUEST_CAPABILITY] = { "request-capability", MESSAGE_FROM_DRIVER, sizeof(struct ferry_message_capability),
		sizeof(struct ferry_message_capability_answer), capability_ok, capability_answer_ok },
	[FERRY_MESSAGE_PROBE_DEVICE] = { "probe-device", MESSAGE_FROM_MANAGER, sizeof(struct ferry_message_probe),
		sizeof(struct ferry_message_probe_answer), probe_ok, probe_answer_ok },
	[FERRY_MESSAGE_IO_REQUEST] = { "io-request", MESSAGE_FROM_MANAGER, sizeof(struct ferry_message_io),
		sizeof(struct ferry_message_io_answer), io_ok, io_answer_ok },
	[FERRY_MESSAGE_INTERRUPT] = { "interrupt", MESSAGE_FROM_MANAGER, sizeof(struct ferry_message_interrupt), 0, interrupt_ok, NULL },
	[FERRY_MESSAGE_HEARTBEAT] = { "heartbeat", MESSAGE_FROM_MANAGER, sizeof(struct ferry_message_header),
		sizeof(struct ferry_message_plain_answer), NULL, answer_ok },
	[FERRY_MESSAGE_QUIESCE] = { "quiesce", MESSAGE_FROM_MANAGER, sizeof(struct ferry_message_header),
		sizeof(struct ferry_message_plain_answer), NULL, answer_ok },
	[FERRY_MESSAGE_SHUTDOWN] = { "shutdown", MESSAGE_FROM_MANAGER, sizeof(struct ferry_message_header), 0, NULL, NULL },
};

static const struct message_kind *kind_of(unsigned int type)
{
	type &= ~FERRY_MESSAGE_ANSWER;
	return type < FERRY_MESSAGE_TYPES && kinds[type].name ? &kinds[type] : NULL;
}

/* NULL: no such type, or not from this side. */
static const struct message_kind *kind_from(unsigned int type, enum message_side side)
{
	const struct message_kind *k = kind_of(type);
	bool is_answer = type & FERRY_MESSAGE_ANSWER;

	return k && (is_answer ? k->answer : k->question) && (k->from == side) != is_answer ? k : NULL;
}

int message_decode(union ferry_message *to, const void *bytes, size_t length, enum message_side side)
{
	const struct message_kind *k;
	bool is_answer, (*ok)(const union ferry_message *m);

	if (length < sizeof(to->header) || length > sizeof(*to))
		return -EBADMSG;
	memset(to, 0, sizeof(*to));
	memcpy(to, bytes, length);
	if (to->header.version != FERRY_MESSAGE_VERSION)
		return -EPROTONOSUPPORT;
	k = kind_from(to->header.type, side);
	if (!k)
		return -EOPNOTSUPP;
	is_answer = to->header.type & FERRY_MESSAGE_ANSWER;
	if (to->header.size != length || length != (is_answer ? k->answer : k->question) || !to->header.sequence)
		return -EBADMSG;
	ok = is_answer ? k->answer_ok : k->question_ok;
	return !ok || ok(to) ? 0 : -EBADMSG;
}

int message_check(const void *bytes, size_t length, enum message_side side)
{
	union ferry_message m;

	return message_decode(&m, bytes, length, side);
}

static void header_fill(union ferry_message *m, size_t size, unsigned int type, uint64_t sequence)
{
	memset(m, 0, sizeof(*m));
	m->header.size = (unsigned int)size;
	m->header.version = FERRY_MESSAGE_VERSION;
	m->header.type = (unsigned short)type;
	m->header.sequence = sequence;
}

bool message_begin(union ferry_message *m, enum ferry_message_type type, uint64_t sequence)
{
	const struct message_kind *k = kind_of(type);

	if (!k || type & FERRY_MESSAGE_ANSWER)
		return false;
	header_fill(m, k->question, type, sequence);
	return true;
}

bool message_answer(union ferry_message *m, const struct ferry_message_header *question, int err)
{
	const struct message_kind *k = kind_of(question->type);
	uint64_t sequence = question->sequence;
	unsigned int type = question->type;

	if (!k || !k->answer || type & FERRY_MESSAGE_ANSWER)
		return false;
	header_fill(m, k->answer, type | FERRY_MESSAGE_ANSWER, sequence);
	m->answer.error = message_error(err);	/* the first field of every answer */
	if (type == FERRY_MESSAGE_PROBE_DEVICE)
		m->probe_answer.found = !err;
	return true;
}

bool message_answers(const union ferry_message *m, enum ferry_message_type type, uint64_t sequence)
{
	return m->header.type == (type | FERRY_MESSAGE_ANSWER) && m->header.sequence == sequence;
}

enum ferry_error message_error(int err)
{
	return err ? (enum ferry_error)(driver_error_from_errno(err) + 1) : FERRY_ERROR_NONE;
}

int message_errno(unsigned int error)
{
	return error ? driver_error_to_errno((enum driver_error)(error - 1)) : 0;
}

const char *message_type_name(unsigned int type)
{
	const struct message_kind *k = kind_of(type);

	return k ? k->name : "unknown";
}
