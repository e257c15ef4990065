/* SPDX-License-Identifier: GPL-2.0 */
/* Namespaces on the border: ioctl_ns(2). Linux's numbers. */
#ifndef UAPI_FERRY_LINUX_NS_H
#define UAPI_FERRY_LINUX_NS_H

#define LINUX_NSFS_MAGIC	0x6e736673

#define LINUX_NS_GET_USERNS	0xb701u
#define LINUX_NS_GET_PARENT	0xb702u
#define LINUX_NS_GET_NSTYPE	0xb703u
#define LINUX_NS_GET_OWNER_UID	0xb704u

#endif
