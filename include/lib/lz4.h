/* SPDX-License-Identifier: GPL-2.0 */
/*
 * LZ4 data in memory: frames (LZ4 Frame Format 1.6, without dictionaries) and the older ones that Linux takes (lz4 -l). Pure: no allocation,
 * hostile input is an error.
 */
#ifndef LIB_LZ4_H
#define LIB_LZ4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LZ4_MAGIC		0x184d2204u
#define LZ4_MAGIC_LEGACY	0x184c2102u

/*
 * How many bytes the frame at the start of @in says that it holds, not yet checked; 0: it does not say (or holds none). -EINVAL: no frame, or
 * one that needs a dictionary.
 */
int64_t lz4_content_size(const uint8_t *in, size_t in_size);
/*
 * Take apart the frame at the start of @in (@in_size bytes): its bytes go to @out (at most @out_size), its length to @in_used. With @out NULL
 * they are only counted, against @out_size. The number of bytes; -EINVAL: corrupt, cut off, a wrong checksum or another size than it says, or it
 * needs a dictionary; -ENOSPC. Of @out, whatever lies behind those bytes may have been written to as well. An older frame has no end of its
 * own: it ends with the first block of less than 8 MiB, with @in, or where no size of a block follows.
 */
int64_t lz4_decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *in_used);

#endif
