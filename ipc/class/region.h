/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that the kernel shares with a driver process (rings, segment tables, data windows). */
#ifndef IPC_CLASS_REGION_H
#define IPC_CLASS_REGION_H

#include <mm/space.h>

/* @nr_pages zeroed frames with one reference, or NULL. */
struct vma_object *shared_region_create(uint64_t nr_pages);
void shared_region_put(struct vma_object *o);

#endif
