/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's x86-64 constants and structures on the border, prefixed so that libc's own may be included beside them. */
#ifndef UAPI_FERRY_LINUX_H
#define UAPI_FERRY_LINUX_H

#include <uapi/ferry/linux_fs.h>
#include <uapi/ferry/linux_process.h>
#include <uapi/ferry/linux_tty.h>

#endif
