/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* EACH(m, a, b, ...) is m(a) m(b) ..., for up to 64 arguments. */
#ifndef SAKER_BPF_EACH_H
#define SAKER_BPF_EACH_H

#define EACH_PARENS ()
#define EACH_SCAN(...) EACH_SCAN3(EACH_SCAN3(EACH_SCAN3(EACH_SCAN3(__VA_ARGS__))))
#define EACH_SCAN3(...) EACH_SCAN2(EACH_SCAN2(EACH_SCAN2(EACH_SCAN2(__VA_ARGS__))))
#define EACH_SCAN2(...) EACH_SCAN1(EACH_SCAN1(EACH_SCAN1(EACH_SCAN1(__VA_ARGS__))))
#define EACH_SCAN1(...) __VA_ARGS__
#define EACH(m, ...) __VA_OPT__(EACH_SCAN(EACH_ONE(m, __VA_ARGS__)))
#define EACH_ONE(m, a, ...) m(a) __VA_OPT__(EACH_AGAIN EACH_PARENS(m, __VA_ARGS__))
#define EACH_AGAIN() EACH_ONE

#endif /* SAKER_BPF_EACH_H */
