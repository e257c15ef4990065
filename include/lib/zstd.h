/* SPDX-License-Identifier: GPL-2.0 */
/* Zstandard data (RFC 8878) in memory, without dictionaries. Pure: no allocation, hostile input is an error. */
#ifndef LIB_ZSTD_H
#define LIB_ZSTD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZSTD_MAGIC	0xfd2fb528u

/* Bytes of memory, 8-byte aligned, that zstd_decode() works in; their content does not matter. */
size_t zstd_work_size(void);
/*
 * How many bytes the frame at the start of @in says that it holds, not yet checked; 0: it does not say (or holds none). -EINVAL: no frame, or
 * one that needs a dictionary.
 */
int64_t zstd_content_size(const uint8_t *in, size_t in_size);
/*
 * Take apart the frame at the start of @in (@in_size bytes): its bytes go to @out (at most @out_size), its length to @in_used. With @out
 * NULL they are only counted, against @out_size. The number of bytes; -EINVAL: corrupt, cut off, a wrong checksum or another
 * size than it says, or it needs a dictionary; -ENOSPC. Of @out, whatever lies behind those bytes may have been written to as well.
 */
int64_t zstd_decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *in_used, void *work);

#endif
