/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's landlock(7), version 2 of its interface: fs/landlock.c. */
#ifndef UAPI_FERRY_LINUX_LANDLOCK_H
#define UAPI_FERRY_LINUX_LANDLOCK_H

#define LINUX_LANDLOCK_VERSION			2
#define LINUX_LANDLOCK_CREATE_RULESET_VERSION	1u
#define LINUX_LANDLOCK_RULE_PATH_BENEATH	1

#define LINUX_LANDLOCK_EXECUTE		0x0001u
#define LINUX_LANDLOCK_WRITE_FILE	0x0002u
#define LINUX_LANDLOCK_READ_FILE	0x0004u
#define LINUX_LANDLOCK_READ_DIR		0x0008u
#define LINUX_LANDLOCK_REMOVE_DIR	0x0010u
#define LINUX_LANDLOCK_REMOVE_FILE	0x0020u
#define LINUX_LANDLOCK_MAKE_CHAR	0x0040u
#define LINUX_LANDLOCK_MAKE_DIR		0x0080u
#define LINUX_LANDLOCK_MAKE_REG		0x0100u
#define LINUX_LANDLOCK_MAKE_SOCK	0x0200u
#define LINUX_LANDLOCK_MAKE_FIFO	0x0400u
#define LINUX_LANDLOCK_MAKE_BLOCK	0x0800u
#define LINUX_LANDLOCK_MAKE_SYM		0x1000u
#define LINUX_LANDLOCK_REFER		0x2000u
#define LINUX_LANDLOCK_ALL		0x3fffu
#define LINUX_LANDLOCK_OF_FILES		0x0007u

struct linux_landlock_ruleset {
	unsigned long long handled;
};

struct linux_landlock_path_beneath {
	unsigned long long allowed;
	int parent;
} __attribute__((packed));

#endif
