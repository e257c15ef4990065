// SPDX-License-Identifier: GPL-2.0
/*
 * Random bytes: ChaCha20 (RFC 8439, section 2.3) keyed from the CPU's generator and from time. After each use the key is replaced by the
 * first bytes of the stream, so that what was given out cannot be computed back. Fresh CPU randomness is mixed into the key each time.
 */
#include <asm/cpu.h>
#include <fs/internal.h>
#include <kernel/init.h>
#include <kernel/lock.h>
#include <kernel/privilege.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <mm/user.h>
#include <uapi/ferry/linux.h>

#define BLOCK		64u
#define KEY_WORDS	8
#define CHUNK		256u
#define ENTROPY_BITS	256u	/* also in /proc/sys/kernel/random */

static struct spinlock random_lock = SPINLOCK_INIT("random");
static uint32_t key[KEY_WORDS];		/* guarded by random_lock */

static uint32_t rotl(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static void quarter_round(uint32_t *s, int a, int b, int c, int d)
{
	s[a] += s[b];
	s[d] = rotl(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotl(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotl(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotl(s[b] ^ s[c], 7);
}

static void chacha_block(const uint32_t k[KEY_WORDS], uint32_t counter, uint32_t out[16])
{
	uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	int i;

	memcpy(in + 4, k, KEY_WORDS * 4);
	in[12] = counter;
	memcpy(out, in, sizeof(in));
	for (i = 0; i < 10; i++) {
		quarter_round(out, 0, 4, 8, 12);
		quarter_round(out, 1, 5, 9, 13);
		quarter_round(out, 2, 6, 10, 14);
		quarter_round(out, 3, 7, 11, 15);
		quarter_round(out, 0, 5, 10, 15);
		quarter_round(out, 1, 6, 11, 12);
		quarter_round(out, 2, 7, 8, 13);
		quarter_round(out, 3, 4, 9, 14);
	}
	for (i = 0; i < 16; i++)
		out[i] += in[i];
}

/* A key nobody else has: the old one with new randomness, replaced by the stream's first words. */
static void key_take(uint32_t mine[KEY_WORDS])
{
	uint64_t fresh[2] = { 0, 0 }, flags;
	uint32_t out[16];

	cpu_random(&fresh[0]);
	fresh[1] = rdtsc() ^ time_now();
	flags = spin_lock_irq(&random_lock);
	key[0] ^= fresh[0];
	key[1] ^= fresh[0] >> 32;
	key[2] ^= fresh[1];
	key[3] ^= fresh[1] >> 32;
	chacha_block(key, 0, out);
	memcpy(key, out, sizeof(key));
	memcpy(mine, out + KEY_WORDS, sizeof(key));
	spin_unlock_irq(&random_lock, flags);
}

void random_bytes(void *to, size_t n)
{
	uint32_t mine[KEY_WORDS], out[16], counter = 1;
	size_t part;

	key_take(mine);
	for (; n; n -= part, to = (char *)to + part) {
		part = MIN(n, (size_t)BLOCK);
		chacha_block(mine, counter++, out);
		memcpy(to, out, part);
	}
	memset(mine, 0, sizeof(mine));
	__asm__ volatile("" ::: "memory");
}

static ssize_t random_to_iter(struct iter *to)
{
	uint8_t chunk[CHUNK];
	ssize_t done = 0, got;
	size_t n;

	while (to->left) {
		n = MIN(to->left, sizeof(chunk));
		random_bytes(chunk, n);
		got = iter_put(to, chunk, n);
		if (got <= 0)
			return done ? done : got;
		done += got;
		if ((size_t)got < n || ((done & 0xffff) == 0 && signal_interrupts()))
			break;
	}
	return done;
}

static ssize_t random_read(struct file *f, struct iter *to, loff_t *pos)
{
	return random_to_iter(to);
}

/* Bytes written are mixed in; they cannot make the key worse. */
static ssize_t random_write(struct file *f, struct iter *from, loff_t *pos)
{
	ssize_t done = 0, got;
	uint32_t words[KEY_WORDS];
	uint64_t flags;
	int i;

	while (from->left) {
		memset(words, 0, sizeof(words));
		got = iter_get(from, words, sizeof(words));
		if (got <= 0)
			return done ? done : got;
		flags = spin_lock_irq(&random_lock);
		for (i = 0; i < KEY_WORDS; i++)
			key[i] ^= words[i];
		spin_unlock_irq(&random_lock, flags);
		random_bytes(words, sizeof(words));
		done += got;
		if ((done & 0xffff) == 0 && signal_interrupts())
			break;
	}
	return done;
}

static loff_t no_seek(struct file *f, loff_t offset, int whence)
{
	return 0;
}

/* RNDADDENTROPY: how many bits they are believed to have, how many bytes follow, and the bytes. What they are believed to have changes nothing. */
static int64_t entropy_add(uint64_t arg)
{
	struct iovec_k storage;
	struct iter from;
	int32_t head[2];
	ssize_t n;

	if (copy_from_user(head, arg, sizeof(head)))
		return -EFAULT;
	if (head[0] < 0)
		return -EINVAL;
	if (head[1] < 0)
		return -EFAULT;
	iter_init_one(&from, &storage, arg + sizeof(head), (uint64_t)head[1], false);
	n = random_write(NULL, &from, NULL);
	return n == head[1] ? 0 : n < 0 ? n : -EFAULT;
}

static int64_t entropy_count(uint64_t arg)
{
	uint32_t bits;

	if (get_user32(&bits, arg))
		return -EFAULT;
	return (int32_t)bits < 0 ? -EINVAL : 0;
}

/* As Linux since 5.18: the pool has all the bits there are, and they are not taken away again. */
static int64_t random_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	if (cmd == LINUX_RNDGETENTCNT)
		return put_user32(arg, ENTROPY_BITS) ? -EFAULT : 0;
	switch (cmd) {
	case LINUX_RNDADDTOENTCNT:
		return privileged(LINUX_CAP_SYS_ADMIN) ? entropy_count(arg) : -EPERM;
	case LINUX_RNDADDENTROPY:
		return privileged(LINUX_CAP_SYS_ADMIN) ? entropy_add(arg) : -EPERM;
	case LINUX_RNDZAPENTCNT:
	case LINUX_RNDCLEARPOOL:
	case LINUX_RNDRESEEDCRNG:
		return privileged(LINUX_CAP_SYS_ADMIN) ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}

static const struct file_ops random_ops = { .read = random_read, .write = random_write, .seek = no_seek, .ioctl = random_ioctl };

static int random_init(void)
{
	uint64_t words[KEY_WORDS / 2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		cpu_random(&words[i]);
	words[0] ^= time_realtime();
	memcpy(key, words, sizeof(key));
	if (devnode_create("random", LINUX_S_IFCHR | 0666, DEV_MAKE(1, 8), &random_ops, NULL))
		return -ENOMEM;
	return devnode_create("urandom", LINUX_S_IFCHR | 0666, DEV_MAKE(1, 9), &random_ops, NULL);
}
INITCALL("2fs", random_init);
