// SPDX-License-Identifier: GPL-2.0
/*
 * The codec of control messages against any bytes, from both sides: what passes is a message of its own size whose answers pass too, and
 * what it says of itself is true. The first byte chooses the side and whether the header's length, version and number are mended,
 * so that the fuzzer gets past them.
 */
#include <string.h>
#include <lib/message.h>
#include <uapi/ferry/manifest.h>
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void answer_passes(const union ferry_message *m, enum message_side side)
{
	enum message_side other = side == MESSAGE_FROM_DRIVER ? MESSAGE_FROM_MANAGER : MESSAGE_FROM_DRIVER;
	union ferry_message a;

	if (!message_answer(&a, &m->header, (int)m->header.sequence % 3 ? -110 : 0))
		return;
	REQUIRE(!message_check(&a, a.header.size, other));
	REQUIRE(message_answers(&a, (enum ferry_message_type)m->header.type, m->header.sequence));
	REQUIRE(!message_answer(&a, &a.header, 0));
}

static void passed(const union ferry_message *m, size_t length, enum message_side side)
{
	unsigned int type = m->header.type & ~FERRY_MESSAGE_ANSWER;

	REQUIRE(m->header.size == length && length <= FERRY_MESSAGE_MAX && m->header.sequence);
	REQUIRE(strcmp(message_type_name(type), "unknown"));
	if (m->header.type == FERRY_MESSAGE_REGISTER)
		REQUIRE(strlen(m->registration.name) < sizeof(m->registration.name) && strlen(m->registration.version) < 16);
	if (m->header.type == FERRY_MESSAGE_REQUEST_CAPABILITY)
		REQUIRE(m->capability.nr_items - 1 < FERRY_MESSAGE_ITEMS_MAX);
	if (m->header.type == FERRY_MESSAGE_IO_REQUEST)
		REQUIRE(m->io.length <= sizeof(m->io.data));
	if (m->header.type == (FERRY_MESSAGE_IO_REQUEST | FERRY_MESSAGE_ANSWER))
		REQUIRE(m->io_answer.length <= sizeof(m->io_answer.data));
	answer_passes(m, side);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	enum message_side side;
	union ferry_message m;
	uint8_t how, *copy;
	int err;

	if (!size)
		return 0;
	how = *bytes++;
	size--;
	side = how & 1 ? MESSAGE_FROM_DRIVER : MESSAGE_FROM_MANAGER;
	copy = malloc(size ? size : 1);	/* of its exact size: the sanitizer sees its end */
	if (!copy)
		return 0;
	memcpy(copy, bytes, size);
	if (how & 2 && size >= sizeof(m.header)) {
		memcpy(&m.header, copy, sizeof(m.header));
		m.header.size = (unsigned int)size;
		m.header.version = FERRY_MESSAGE_VERSION;
		m.header.sequence |= 1;
		memcpy(copy, &m.header, sizeof(m.header));
	}
	err = message_decode(&m, copy, size, side);
	REQUIRE(err == message_check(copy, size, side));
	if (!err)
		passed(&m, size, side);
	free(copy);
	return 0;
}
