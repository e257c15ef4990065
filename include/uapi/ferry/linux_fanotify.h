/* SPDX-License-Identifier: GPL-2.0 */
/* fanotify(7), fanotify_init(2), fanotify_mark(2): the numbers of Linux 6.1. */
#ifndef UAPI_FERRY_LINUX_FANOTIFY_H
#define UAPI_FERRY_LINUX_FANOTIFY_H

#include <stdint.h>

/* Events; those up to MOVE_SELF are inotify's LINUX_IN_* too. */
#define LINUX_FAN_ACCESS		0x00000001u
#define LINUX_FAN_MODIFY		0x00000002u
#define LINUX_FAN_ATTRIB		0x00000004u
#define LINUX_FAN_CLOSE_WRITE		0x00000008u
#define LINUX_FAN_CLOSE_NOWRITE		0x00000010u
#define LINUX_FAN_OPEN			0x00000020u
#define LINUX_FAN_MOVED_FROM		0x00000040u
#define LINUX_FAN_MOVED_TO		0x00000080u
#define LINUX_FAN_CREATE		0x00000100u
#define LINUX_FAN_DELETE		0x00000200u
#define LINUX_FAN_DELETE_SELF		0x00000400u
#define LINUX_FAN_MOVE_SELF		0x00000800u
#define LINUX_FAN_OPEN_EXEC		0x00001000u
#define LINUX_FAN_Q_OVERFLOW		0x00004000u
#define LINUX_FAN_FS_ERROR		0x00008000u
#define LINUX_FAN_OPEN_PERM		0x00010000u
#define LINUX_FAN_ACCESS_PERM		0x00020000u
#define LINUX_FAN_OPEN_EXEC_PERM	0x00040000u
#define LINUX_FAN_EVENT_ON_CHILD	0x08000000u
#define LINUX_FAN_RENAME		0x10000000u
#define LINUX_FAN_ONDIR			0x40000000u

/* fanotify_init(2). */
#define LINUX_FAN_CLOEXEC		0x0001u
#define LINUX_FAN_NONBLOCK		0x0002u
#define LINUX_FAN_CLASS_CONTENT		0x0004u
#define LINUX_FAN_CLASS_PRE_CONTENT	0x0008u
#define LINUX_FAN_UNLIMITED_QUEUE	0x0010u
#define LINUX_FAN_UNLIMITED_MARKS	0x0020u
#define LINUX_FAN_REPORT_PIDFD		0x0080u
#define LINUX_FAN_REPORT_TID		0x0100u
#define LINUX_FAN_REPORT_FID		0x0200u
#define LINUX_FAN_REPORT_DIR_FID	0x0400u
#define LINUX_FAN_REPORT_NAME		0x0800u
#define LINUX_FAN_REPORT_TARGET_FID	0x1000u

/* fanotify_mark(2). */
#define LINUX_FAN_MARK_ADD		0x0001u
#define LINUX_FAN_MARK_REMOVE		0x0002u
#define LINUX_FAN_MARK_DONT_FOLLOW	0x0004u
#define LINUX_FAN_MARK_ONLYDIR		0x0008u
#define LINUX_FAN_MARK_MOUNT		0x0010u
#define LINUX_FAN_MARK_IGNORED_MASK	0x0020u
#define LINUX_FAN_MARK_IGNORED_SURV_MODIFY 0x0040u
#define LINUX_FAN_MARK_FLUSH		0x0080u
#define LINUX_FAN_MARK_FILESYSTEM	0x0100u
#define LINUX_FAN_MARK_EVICTABLE	0x0200u
#define LINUX_FAN_MARK_IGNORE		0x0400u

#define LINUX_FAN_METADATA_VERSION	3
#define LINUX_FAN_NOFD			(-1)
#define LINUX_FAN_NOPIDFD		(-1)
#define LINUX_FAN_EPIDFD		(-2)
#define LINUX_FAN_ALLOW			1u
#define LINUX_FAN_DENY			2u

struct linux_fanotify_metadata {
	uint32_t event_len;
	uint8_t vers, reserved;
	uint16_t metadata_len;
	uint64_t mask;
	int32_t fd, pid;
};

struct linux_fanotify_response {
	int32_t fd;
	uint32_t response;
};

#define LINUX_FAN_INFO_FID		1
#define LINUX_FAN_INFO_DFID_NAME	2
#define LINUX_FAN_INFO_DFID		3
#define LINUX_FAN_INFO_PIDFD		4
#define LINUX_FAN_INFO_OLD_DFID_NAME	10
#define LINUX_FAN_INFO_NEW_DFID_NAME	12

/* What precedes each record after the metadata; @len is the whole record's. */
struct linux_fanotify_info {
	uint8_t info_type, pad;
	uint16_t len;
};

#endif
