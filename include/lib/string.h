/* SPDX-License-Identifier: GPL-2.0 */
/* The C library's memory and string functions that every world has: ours in the kernel, libc's elsewhere. As in ISO C 7.24. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);

/* Copy @from with its terminator into @to of @size bytes, cut to fit. Returns the length of @from; >= @size means cut. */
size_t str_copy(char *to, const char *from, size_t size);

#endif
