/* SPDX-License-Identifier: GPL-2.0 */
/* Linux's userfaultfd(2) and ioctl_userfaultfd(2), as in 6.1: fs/userfaultfd.c. Huge pages of hugetlbfs do not exist here. */
#ifndef UAPI_FERRY_LINUX_USERFAULT_H
#define UAPI_FERRY_LINUX_USERFAULT_H

#define LINUX_UFFD_API			0xaaull
#define LINUX_UFFD_USER_MODE_ONLY	1u

#define LINUX_UFFD_FEATURE_WP			0x0001u
#define LINUX_UFFD_FEATURE_EVENT_FORK		0x0002u
#define LINUX_UFFD_FEATURE_EVENT_REMAP		0x0004u
#define LINUX_UFFD_FEATURE_EVENT_REMOVE		0x0008u
#define LINUX_UFFD_FEATURE_MISSING_SHMEM	0x0020u
#define LINUX_UFFD_FEATURE_EVENT_UNMAP		0x0040u
#define LINUX_UFFD_FEATURE_SIGBUS		0x0080u
#define LINUX_UFFD_FEATURE_THREAD_ID		0x0100u
#define LINUX_UFFD_FEATURE_MINOR_SHMEM		0x0400u
#define LINUX_UFFD_FEATURE_EXACT_ADDRESS	0x0800u
#define LINUX_UFFD_FEATURE_WP_SHMEM		0x1000u	/* and of hugetlbfs */
#define LINUX_UFFD_FEATURES			0x1defu	/* those that are told */
#define LINUX_UFFD_FEATURES_KNOWN		0x1fffu	/* and those of hugetlbfs, which may be asked for */
#define LINUX_UFFD_INITIALIZED			0x80000000u	/* told in fdinfo with the features, once they were agreed on */

/* One bit for each number of an ioctl. */
#define LINUX_UFFD_API_IOCTLS	0x8000000000000003ull
#define LINUX_UFFD_RANGE_IOCTLS	0x00000000000000dcull
#define LINUX_UFFD_CAN_PROTECT	0x40ull
#define LINUX_UFFD_CAN_CONTINUE	0x80ull

#define LINUX_UFFDIO_REGISTER		0xc020aa00u
#define LINUX_UFFDIO_UNREGISTER		0x8010aa01u
#define LINUX_UFFDIO_WAKE		0x8010aa02u
#define LINUX_UFFDIO_COPY		0xc028aa03u
#define LINUX_UFFDIO_ZEROPAGE		0xc020aa04u
#define LINUX_UFFDIO_WRITEPROTECT	0xc018aa06u
#define LINUX_UFFDIO_CONTINUE		0xc020aa07u
#define LINUX_UFFDIO_API		0xc018aa3fu
#define LINUX_USERFAULTFD_IOC_NEW	0x0000aa00u	/* of /dev/userfaultfd */

#define LINUX_UFFD_EVENT_PAGEFAULT	0x12
#define LINUX_UFFD_EVENT_FORK		0x13
#define LINUX_UFFD_EVENT_REMAP		0x14
#define LINUX_UFFD_EVENT_REMOVE		0x15
#define LINUX_UFFD_EVENT_UNMAP		0x16

#define LINUX_UFFD_FAULT_WRITE		1u
#define LINUX_UFFD_FAULT_WP		2u
#define LINUX_UFFD_FAULT_MINOR		4u

struct linux_uffd_msg {
	unsigned char event, reserved1;
	unsigned short reserved2;
	unsigned int reserved3;
	union {
		struct {
			unsigned long long flags, address;
			unsigned int ptid, reserved;
		} pagefault;
		struct { unsigned int ufd; } fork;
		struct { unsigned long long from, to, len; } remap;
		struct { unsigned long long start, end; } remove;
		unsigned long long reserved[3];
	} arg;
};

struct linux_uffdio_api {
	unsigned long long api, features, ioctls;
};

struct linux_uffdio_range {
	unsigned long long start, len;
};

#define LINUX_UFFD_MODE_MISSING	1u
#define LINUX_UFFD_MODE_WP	2u
#define LINUX_UFFD_MODE_MINOR	4u
struct linux_uffdio_register {
	struct linux_uffdio_range range;
	unsigned long long mode, ioctls;
};

#define LINUX_UFFD_DONTWAKE	1u	/* of COPY, ZEROPAGE, CONTINUE */
#define LINUX_UFFD_COPY_WP	2u
struct linux_uffdio_copy {
	unsigned long long dst, src, len, mode;
	long long copy;		/* the answer: bytes, or -errno */
};

/* ZEROPAGE and CONTINUE. */
struct linux_uffdio_fill {
	struct linux_uffdio_range range;
	unsigned long long mode;
	long long filled;	/* the answer */
};

#define LINUX_UFFD_PROTECT		1u
#define LINUX_UFFD_PROTECT_DONTWAKE	2u
struct linux_uffdio_writeprotect {
	struct linux_uffdio_range range;
	unsigned long long mode;
};

#endif
