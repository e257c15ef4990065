/* SPDX-License-Identifier: GPL-2.0 */
/* User world: the control messages of a driver process (message.c). */
#ifndef SHIM_USER_MESSAGE_H
#define SHIM_USER_MESSAGE_H

#include "process.h"

/*
 * Say who it is, ask for what it needs, and wait for the word to probe. 0; -EACCES: refused; -EPROTO: the manager talks nonsense. A process
 * whose spawn gave it everything at once skips this.
 */
int messages_start(struct device *dev);
/* The answer to the word to probe. */
void messages_probed(struct device *dev, int err);
/* See to everything that came. False: the process shall stop. */
bool messages_run(struct device *dev);
/* A quiescing driver that has nothing under way any more says so. */
void messages_idle(struct device *dev);

#endif
