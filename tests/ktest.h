/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests that run in two worlds from the same file: on the host under sanitizers, and in the
 * kernel. A file is a suite; the name of a case is the claim it checks:
 *
 *	KTEST_SUITE(ring);
 *
 *	KTEST_CASE(full_ring_refuses_an_entry)
 *	{
 *		...
 *		EXPECT_EQ(ring_put(&r, &entry), -EAGAIN);
 *	}
 *
 * EXPECT_ notes a failure and goes on, ASSERT_ also leaves the case. The results are KTAP.
 */
#ifndef KTEST_H
#define KTEST_H

struct ktest_case {
	const char *suite, *name;
	void (*run)(void);
};

#define KTEST_SUITE(id) static const char ktest_suite[] __attribute__((used)) = #id

#define KTEST_CASE(id)									\
	static void id(void);								\
	static const struct ktest_case id##_case = { ktest_suite, #id, id };		\
	static const struct ktest_case *const id##_entry				\
		__attribute__((section("ktest_cases"), used)) = &id##_case;		\
	static void id(void)

/* The cases, in the order they were linked; a suite's lie together. */
extern const struct ktest_case *const __start_ktest_cases[] __attribute__((weak));
extern const struct ktest_case *const __stop_ktest_cases[] __attribute__((weak));

/* Run suite number @index of those whose name starts with @filter (NULL: all). Returns its failed cases; -1: there is none. */
int ktest_run_suite(unsigned int index, const char *filter);
unsigned int ktest_count_suites(const char *filter);
/* The name of suite number @index, NULL past the last. */
const char *ktest_suite_name(unsigned int index, const char *filter);

/* Each world's way out for one line of KTAP, without the newline. */
void ktest_line(const char *text);
/* As printf, for a line that explains: it comes out as "# ...". */
void ktest_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What the macros below call; true when the claim holds. */
int ktest_check(int holds, const char *claim, const char *file, int line);
int ktest_compare(long long a, const char *op, long long b, const char *claim, const char *file, int line);
int ktest_same_text(const char *a, const char *b, const char *claim, const char *file, int line);
int ktest_same_bytes(const void *a, const void *b, unsigned long size, const char *claim, const char *file, int line);
void ktest_skip(const char *reason);

#define KTEST_COMPARE(a, op, b) \
	ktest_compare((long long)(a), #op, (long long)(b), #a " " #op " " #b, __FILE__, __LINE__)

#define EXPECT_TRUE(x)		((void)ktest_check(!!(x), #x, __FILE__, __LINE__))
#define EXPECT_FALSE(x)		((void)ktest_check(!(x), "!(" #x ")", __FILE__, __LINE__))
#define EXPECT_NULL(x)		((void)ktest_check(!(x), #x " == NULL", __FILE__, __LINE__))
#define EXPECT_NOT_NULL(x)	((void)ktest_check(!!(x), #x " != NULL", __FILE__, __LINE__))
#define EXPECT_EQ(a, b)		((void)KTEST_COMPARE(a, ==, b))
#define EXPECT_NE(a, b)		((void)KTEST_COMPARE(a, !=, b))
#define EXPECT_LT(a, b)		((void)KTEST_COMPARE(a, <, b))
#define EXPECT_LE(a, b)		((void)KTEST_COMPARE(a, <=, b))
#define EXPECT_GT(a, b)		((void)KTEST_COMPARE(a, >, b))
#define EXPECT_GE(a, b)		((void)KTEST_COMPARE(a, >=, b))
#define EXPECT_STREQ(a, b)	((void)ktest_same_text(a, b, #a " is " #b, __FILE__, __LINE__))
#define EXPECT_MEMEQ(a, b, n)	((void)ktest_same_bytes(a, b, n, #a " is " #b, __FILE__, __LINE__))

#define ASSERT_TRUE(x)		do { if (!ktest_check(!!(x), #x, __FILE__, __LINE__)) return; } while (0)
#define ASSERT_FALSE(x)		ASSERT_TRUE(!(x))
#define ASSERT_NOT_NULL(x)	do { if (!ktest_check(!!(x), #x " != NULL", __FILE__, __LINE__)) return; } while (0)
#define ASSERT_EQ(a, b)		do { if (!KTEST_COMPARE(a, ==, b)) return; } while (0)
#define ASSERT_NE(a, b)		do { if (!KTEST_COMPARE(a, !=, b)) return; } while (0)
#define ASSERT_STREQ(a, b)	do { if (!ktest_same_text(a, b, #a " is " #b, __FILE__, __LINE__)) return; } while (0)

/* Leave the case: it cannot run here. */
#define KTEST_SKIP(reason)	do { ktest_skip(reason); return; } while (0)

#endif
