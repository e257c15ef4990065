/* SPDX-License-Identifier: GPL-2.0 */
/* Fixed-size integers, address-space and byte-order annotations (checked by sparse), and small helpers for every driver. */
#ifndef DRIVER_TYPES_H
#define DRIVER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lib/bytes.h>
#include <uapi/ferry/errno.h>

#ifdef __CHECKER__
#define __iomem		__attribute__((noderef, address_space(__iomem)))
#define __dma		__attribute__((noderef, address_space(__dma)))
#define __force		__attribute__((force))
#else
#define __iomem
#define __dma
#define __force
#endif

#define __must_check	__attribute__((warn_unused_result))
#define __printf(f, a)	__attribute__((format(printf, f, a)))

#define BIT(n)		(1u << (n))
#define BIT64(n)	(1ull << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct device;

#endif
