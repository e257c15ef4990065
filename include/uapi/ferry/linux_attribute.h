/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes of files that chattr(1) sets, on the border: Linux's numbers and layouts. */
#ifndef UAPI_FERRY_LINUX_ATTRIBUTE_H
#define UAPI_FERRY_LINUX_ATTRIBUTE_H

#include <stdint.h>

#define LINUX_FS_IOC_GETFLAGS	0x80086601u	/* a 32-bit number, whatever the request says */
#define LINUX_FS_IOC_SETFLAGS	0x40086602u
#define LINUX_FS_IOC_FSGETXATTR	0x801c581fu
#define LINUX_FS_IOC_FSSETXATTR	0x401c5820u

/* Flags of files, as chattr(1) sets them: of LINUX_FS_IOC_GETFLAGS ... */
#define LINUX_FS_SYNC_FL	0x8u
#define LINUX_FS_IMMUTABLE_FL	0x10u
#define LINUX_FS_APPEND_FL	0x20u
#define LINUX_FS_NODUMP_FL	0x40u
#define LINUX_FS_NOATIME_FL	0x80u
#define LINUX_FS_DAX_FL		0x2000000u
#define LINUX_FS_PROJINHERIT_FL	0x20000000u

/* ... of statx(2) ... */
#define LINUX_STATX_ATTR_IMMUTABLE	0x10u
#define LINUX_STATX_ATTR_APPEND		0x20u
#define LINUX_STATX_ATTR_NODUMP		0x40u

/* ... and of LINUX_FS_IOC_FSGETXATTR. */
#define LINUX_FS_XFLAG_IMMUTABLE	0x8u
#define LINUX_FS_XFLAG_APPEND		0x10u
#define LINUX_FS_XFLAG_SYNC		0x20u
#define LINUX_FS_XFLAG_NOATIME		0x40u
#define LINUX_FS_XFLAG_NODUMP		0x80u
#define LINUX_FS_XFLAG_PROJINHERIT	0x200u
#define LINUX_FS_XFLAG_EXTSIZE		0x800u
#define LINUX_FS_XFLAG_EXTSZINHERIT	0x1000u
#define LINUX_FS_XFLAG_DAX		0x8000u
#define LINUX_FS_XFLAG_COWEXTSIZE	0x10000u

struct linux_fsxattr {
	uint32_t fsx_xflags, fsx_extsize, fsx_nextents, fsx_projid, fsx_cowextsize;
	uint8_t fsx_pad[8];
};

#endif
