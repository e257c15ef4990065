// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/cpuinfo says of a CPU, in Linux's lines and with its names of features: those of CPUID (Intel SDM vol. 2A, AMD APM vol. 3) without
 * what the kernel leaves switched off. All CPUs are alike but for their numbers.
 */
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/msr.h>
#include <kernel/cpu.h>
#include <lib/format.h>

#define OFF_1C		(1u << 27)	/* OSXSAVE: no name */
#define OFF_7B		(1u << 0)	/* FSGSBASE */
#define OFF_7C		(1u << 3 | 1u << 4 | 1u << 16)	/* protection keys, 57-bit addresses */
#define SMEP_7B		(1u << 7)
#define SMAP_7B		(1u << 20)
#define UMIP_7C		(1u << 2)

static const char *const names_1d[32] = {
	"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL, "sep", "mtrr", "pge", "mca", "cmov", "pat", "pse36", "pn",
	"clflush", NULL, "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe",
};
static const char *const names_ext_d[32] = {
	[11] = "syscall", [19] = "mp", [20] = "nx", [22] = "mmxext", [25] = "fxsr_opt", [26] = "pdpe1gb", [27] = "rdtscp", [29] = "lm",
	[30] = "3dnowext", [31] = "3dnow",
};
static const char *const names_1c[32] = {
	"pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2", "ssse3", "cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", NULL,
	"pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt", "tsc_deadline_timer", "aes", "xsave", NULL, "avx", "f16c", "rdrand",
	"hypervisor",
};
static const char *const names_ext_c[32] = {
	"lahf_lm", "cmp_legacy", "svm", "extapic", "cr8_legacy", "abm", "sse4a", "misalignsse", "3dnowprefetch", "osvw", "ibs", "xop", "skinit",
	"wdt", [15] = "lwp", [16] = "fma4", [17] = "tce", [19] = "nodeid_msr", [21] = "tbm", [22] = "topoext",
};
static const char *const names_7b[32] = {
	"fsgsbase", "tsc_adjust", [3] = "bmi1", [4] = "hle", [5] = "avx2", [7] = "smep", [8] = "bmi2", [9] = "erms", [10] = "invpcid", [11] = "rtm",
	[14] = "mpx", [16] = "avx512f", [17] = "avx512dq", [18] = "rdseed", [19] = "adx", [20] = "smap", [21] = "avx512ifma", [23] = "clflushopt",
	[24] = "clwb", [25] = "intel_pt", [28] = "avx512cd", [29] = "sha_ni", [30] = "avx512bw", [31] = "avx512vl",
};
static const char *const names_7c[32] = {
	[1] = "avx512vbmi", [2] = "umip", [3] = "pku", [4] = "ospke", [5] = "waitpkg", [6] = "avx512_vbmi2", [8] = "gfni", [9] = "vaes",
	[10] = "vpclmulqdq", [11] = "avx512_vnni", [12] = "avx512_bitalg", [14] = "avx512_vpopcntdq", [16] = "la57", [22] = "rdpid",
	[25] = "cldemote", [27] = "movdiri", [28] = "movdir64b",
};

/* The end of a text that grows in a buffer. */
struct text {
	char *to;
	unsigned long left;
};

static void add(struct text *t, const char *fmt, ...) __printf(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = format_args(t->to, t->left, fmt, args);
	va_end(args);
	n = MIN(MAX(n, 0), (int)t->left - 1);
	t->to += n;
	t->left -= (unsigned long)n;
}

static void add_names(struct text *t, const char *const names[32], uint32_t bits)
{
	for (unsigned int i = 0; i < 32; i++)
		if (bits >> i & 1 && names[i])
			add(t, " %s", names[i]);
}

static void add_features(struct text *t)
{
	struct cpuid_result leaf1 = cpuid(1, 0), ext = cpuid(0x80000001, 0), leaf7 = { 0 };
	uint64_t cr4 = read_cr4();

	if (cpuid(0, 0).a >= 7)
		leaf7 = cpuid(7, 0);
	leaf7.b &= ~(OFF_7B | (cr4 & CR4_SMEP ? 0 : SMEP_7B) | (cr4 & CR4_SMAP ? 0 : SMAP_7B));
	leaf7.c &= ~(OFF_7C | (cr4 & CR4_UMIP ? 0 : UMIP_7C));
	add(t, "flags\t\t:");
	add_names(t, names_1d, leaf1.d);
	add_names(t, names_ext_d, ext.d);
	add_names(t, names_1c, leaf1.c & ~OFF_1C);
	add_names(t, names_ext_c, ext.c);
	add_names(t, names_7b, leaf7.b);
	add_names(t, names_7c, leaf7.c);
	add(t, "\n");
}

static void brand_read(char name[49])
{
	uint32_t *words = (uint32_t *)name;

	memset(name, 0, 49);
	if (cpuid(0x80000000, 0).a < 0x80000004)
		return;
	for (unsigned int i = 0; i < 3; i++) {
		struct cpuid_result r = cpuid(0x80000002 + i, 0);

		words[i * 4] = r.a;
		words[i * 4 + 1] = r.b;
		words[i * 4 + 2] = r.c;
		words[i * 4 + 3] = r.d;
	}
}

static void add_identity(struct text *t)
{
	struct cpuid_result vendor = cpuid(0, 0);
	uint32_t a = cpuid(1, 0).a, family = a >> 8 & 0xf, model = a >> 4 & 0xf;
	char brand[52] __aligned(4), id[13] = "";

	brand_read(brand);
	memcpy(id, &vendor.b, 4);
	memcpy(id + 4, &vendor.d, 4);
	memcpy(id + 8, &vendor.c, 4);
	if (family == 6 || family == 15)
		model |= (a >> 16 & 0xf) << 4;
	if (family == 15)
		family += a >> 20 & 0xff;
	add(t, "vendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n", id, family, model, brand, a & 0xf);
}

void cpu_describe(unsigned int cpu, char *text, unsigned long size)
{
	struct text t = { text, size };
	uint64_t khz = clock_tsc_hz() / 1000;
	uint32_t sizes = cpuid(0x80000000, 0).a >= 0x80000008 ? cpuid(0x80000008, 0).a : 0;

	add(&t, "processor\t: %u\n", cpu);
	add_identity(&t);
	add(&t, "cpu MHz\t\t: %llu.%03u\n", (unsigned long long)khz / 1000, (unsigned int)(khz % 1000));
	add(&t, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n", nr_cpus, cpu, nr_cpus, cpus[cpu].apic_id);
	add(&t, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n", cpuid(0, 0).a);
	add_features(&t);
	add(&t, "clflush size\t: %u\n", (cpuid(1, 0).b >> 8 & 0xff) * 8);
	add(&t, "address sizes\t: %u bits physical, %u bits virtual\n\n", sizes & 0xff, sizes >> 8 & 0xff);
}
