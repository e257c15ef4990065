/* SPDX-License-Identifier: GPL-2.0 */
/* The mailboxes of one driver process (message.c). */
#ifndef IPC_MESSAGE_H
#define IPC_MESSAGE_H

#include <kernel/types.h>

struct mail;

/* Empty; NULL: no memory. */
struct mail *mail_create(void);
void mail_free(struct mail *mail);
/* How many questions the manager has asked: one that takes over goes on from there. */
uint64_t mail_asked(struct mail *mail);
/* What the driver has sent so far lies there again, unless it was more than there is room for: its manager may have died over it. */
void mail_again(struct mail *mail);

#endif
