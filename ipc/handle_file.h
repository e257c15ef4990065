/* SPDX-License-Identifier: GPL-2.0 */
/* Between handles (handle.c) and the files that stand for them (handle_file.c). */
#ifndef IPC_HANDLE_FILE_H
#define IPC_HANDLE_FILE_H

#include <kernel/handle.h>

/* A file of @h, whose reference it takes over; NULL when out of memory, and then it does not. */
struct file *handle_file_create(struct handle *h);
/* The handle of a file, or NULL: it is another kind of file. */
struct handle *handle_of_file(struct file *f);
/* handle.c: one file fewer; gives back its reference. */
void handle_file_closed(struct handle *h);

#endif
