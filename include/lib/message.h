/* SPDX-License-Identifier: GPL-2.0 */
/* The codec of <uapi/ferry/message.h>: one body for the kernel, the drivers and the manager. No allocation, no locks, any context. */
#ifndef LIB_MESSAGE_H
#define LIB_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uapi/ferry/message.h>

/* Whose message it may be. */
enum message_side { MESSAGE_FROM_DRIVER, MESSAGE_FROM_MANAGER };

/*
 * Is this a message that @side may send? 0; -EBADMSG: its length or its contents are wrong; -EPROTONOSUPPORT: of another version;
 * -EOPNOTSUPP: of no known type, or not for this side. Reads @length bytes at most.
 */
int message_check(const void *bytes, size_t length, enum message_side side);
/* Check as above, then copy to @to; what the message does not fill is zero. */
int message_decode(union ferry_message *to, const void *bytes, size_t length, enum message_side side);

/* Start a question of @type in @m: all zero but for its header. False: there is no such type. */
bool message_begin(union ferry_message *m, enum ferry_message_type type, uint64_t sequence);
/* Start the answer to @question with the error of @err (0 or -errno). False: that type has no answer. */
bool message_answer(union ferry_message *m, const struct ferry_message_header *question, int err);
/* Is @m the answer to the question of @type that had the number @sequence? */
bool message_answers(const union ferry_message *m, enum ferry_message_type type, uint64_t sequence);

/* The error of 0 or -errno, and back: bijective on the eight; other errno values are GENERAL, other numbers -EIO. */
enum ferry_error message_error(int err);
int message_errno(unsigned int error);
/* "probe-device"; "unknown". */
const char *message_type_name(unsigned int type);

#endif
