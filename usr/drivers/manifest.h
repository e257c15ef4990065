/* SPDX-License-Identifier: GPL-2.0 */
/* Reading the manifest out of a driver's ELF file, without running it and without believing it. */
#ifndef USR_MANIFEST_H
#define USR_MANIFEST_H

#include <stddef.h>
#include <uapi/ferry/manifest.h>

/* The manifest in @image (@size bytes of an ELF file), checked and its strings terminated. 0, or a text that says what is wrong. */
const char *manifest_parse(const unsigned char *image, size_t size, struct ferry_manifest *manifest);
/* The same from a file. */
const char *manifest_load(const char *path, struct ferry_manifest *manifest);

#endif
