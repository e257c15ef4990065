/* SPDX-License-Identifier: GPL-2.0 */
/* Little-endian types and conversions. Under sparse the types are distinct (bitwise); on x86-64 the conversions cost nothing. */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stdint.h>

#ifdef __CHECKER__
#define LIB_BITWISE	__attribute__((bitwise))
#define LIB_FORCE	__attribute__((force))
#else
#define LIB_BITWISE
#define LIB_FORCE
#endif

/* The driver API's fixed-width little-endian types; the libc of a moved driver may define the same names as macros of nothing. */
typedef uint16_t LIB_BITWISE le16_t;
typedef uint32_t LIB_BITWISE le32_t;
typedef uint64_t LIB_BITWISE le64_t;

static inline le16_t cpu_to_le16(uint16_t v) { return (LIB_FORCE le16_t)v; }
static inline le32_t cpu_to_le32(uint32_t v) { return (LIB_FORCE le32_t)v; }
static inline le64_t cpu_to_le64(uint64_t v) { return (LIB_FORCE le64_t)v; }
static inline uint16_t le16_to_cpu(le16_t v) { return (LIB_FORCE uint16_t)v; }
static inline uint32_t le32_to_cpu(le32_t v) { return (LIB_FORCE uint32_t)v; }
static inline uint64_t le64_to_cpu(le64_t v) { return (LIB_FORCE uint64_t)v; }

#endif
