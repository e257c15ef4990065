// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU plugin (TCG plugin interface, version 1) that counts how often each instruction ran between the two marks of measure.h, on all
 * CPUs together. To the file given as out=FILE it writes "# COUNT" at each second mark: the instructions since the first; and at the end
 * "ADDRESS COUNT" lines. With data=on also "= ADDRESS COUNT" for each eight bytes of the kernel's own data that they loaded or stored.
 * The declarations below are the part of that interface it uses; the interface has no header in Debian.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT		__attribute__((visibility("default")))
#define MARK_BYTES	7u
#define MARK_BEGIN	0x46524201u
#define MARK_END	0x46524202u
#define BUCKETS		(1u << 16)
#define IMAGE		0xffffffff80000000ull	/* the kernel's, without KASLR (arch/x86/boot/kernel.lds.S) */
#define IMAGE_BYTES	(16u << 20)
#define LOADS_AND_STORES	3

typedef uint64_t plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*vcpu_fn)(unsigned int cpu, void *arg);
typedef void (*memory_fn)(unsigned int cpu, uint32_t info, uint64_t address, void *arg);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id_t id, void (*fn)(plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, vcpu_fn fn, int flags, void *arg);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_fn fn, int flags, void *arg);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, memory_fn fn, int flags, int rw, void *arg);
void qemu_plugin_register_atexit_cb(plugin_id_t id, void (*fn)(plugin_id_t id, void *arg), void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = 1;

/* A translated block: where its instructions lie and how often it ran. A block that is translated again is found again. */
struct block {
	struct block *next;
	uint64_t count, key;
	size_t n;
	uint64_t address[];
};

static struct block *blocks[BUCKETS];
static FILE *out;
static bool counting, with_data;
static uint64_t data[IMAGE_BYTES / 8];
static uint64_t total;

static void run_block(unsigned int cpu, void *arg)
{
	struct block *b = arg;

	(void)cpu;
	b->count += counting;
	total += counting ? b->n : 0;
}

static void run_mark(unsigned int cpu, void *arg)
{
	(void)cpu;
	if (counting && !arg)
		fprintf(out, "# %llu\n", (unsigned long long)total);
	counting = arg != NULL;
	total = 0;
}

static void look_for_mark(struct qemu_plugin_insn *insn)
{
	static const uint8_t long_nop[3] = { 0x0f, 0x1f, 0x80 };
	const uint8_t *bytes = qemu_plugin_insn_data(insn);
	uint32_t code;

	if (qemu_plugin_insn_size(insn) != MARK_BYTES || memcmp(bytes, long_nop, sizeof(long_nop)))
		return;
	memcpy(&code, bytes + sizeof(long_nop), sizeof(code));
	if (code == MARK_BEGIN || code == MARK_END)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, run_mark, 0, code == MARK_BEGIN ? &counting : NULL);
}

static struct block *block_of(struct qemu_plugin_tb *tb, size_t n)
{
	uint64_t key = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	struct block **bucket = &blocks[(key ^ key >> 16) % BUCKETS], *b;

	for (b = *bucket; b; b = b->next)
		if (b->key == key && b->n == n)
			return b;
	b = calloc(1, sizeof(*b) + n * sizeof(b->address[0]));
	if (!b)
		abort();
	b->key = key;
	b->n = n;
	for (size_t i = 0; i < n; i++)
		b->address[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
	b->next = *bucket;
	return *bucket = b;
}

static void access_data(unsigned int cpu, uint32_t info, uint64_t address, void *arg)
{
	(void)cpu;
	(void)info;
	(void)arg;
	if (counting && address - IMAGE < IMAGE_BYTES)
		data[(address - IMAGE) / 8]++;
}

static void translated(plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		look_for_mark(qemu_plugin_tb_get_insn(tb, i));
		if (with_data)
			qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), access_data, 0, LOADS_AND_STORES, NULL);
	}
	if (n)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, run_block, 0, block_of(tb, n));
}

static void write_counts(plugin_id_t id, void *arg)
{
	(void)id;
	(void)arg;
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (const struct block *b = blocks[i]; b; b = b->next)
			for (size_t j = 0; b->count && j < b->n; j++)
				fprintf(out, "%llx %llu\n", (unsigned long long)b->address[j], (unsigned long long)b->count);
	for (size_t i = 0; i < IMAGE_BYTES / 8; i++)
		if (data[i])
			fprintf(out, "= %llx %llu\n", (unsigned long long)(IMAGE + i * 8), (unsigned long long)data[i]);
	fclose(out);
}

EXPORT int qemu_plugin_install(plugin_id_t id, const void *info, int argc, char **argv);
int qemu_plugin_install(plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		with_data |= !strcmp(argv[i], "data=on");
	}
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, write_counts, NULL);
	return 0;
}
