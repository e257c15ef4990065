/* SPDX-License-Identifier: GPL-2.0 */
/* gzip data (RFC 1951, RFC 1952) in memory. Pure: no allocation, hostile input is an error. */
#ifndef LIB_INFLATE_H
#define LIB_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Take apart the gzip member at the start of @in (@in_size bytes): its bytes go to @out (at most @out_size), its length to @in_used. With
 * @out NULL they are only counted, against @out_size. The number of bytes; -EINVAL: corrupt, cut off or a wrong checksum; -ENOSPC.
 */
int64_t gunzip(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size, size_t *in_used);

#endif
