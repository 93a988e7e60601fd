// Runs the native engine for the sanitizers: all sorts of strokes, all threads, many callers; compares bit by bit.
#include "engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <random>
#include <thread>
#include <vector>

using namespace stylesketch;

extern "C" {
void* stylesketch_open();
void stylesketch_close(void*);
int stylesketch_choose(const char*);
int stylesketch_forward(void*, const Drawing*, int, int, int, const float*, float, int, int, int, float*);
int stylesketch_backward(void*, const float*, const Gradients*, int);
int stylesketch_min_cut(const int32_t*, const int32_t*, int, int, int32_t*, uint8_t*);
int stylesketch_fit(void*, const Drawing*, int, int, const float*, float, int, int, const float*, const Gradients*, double*);
}

struct Sheet {
    int strokes, longest, knots;
    std::vector<float> points, widths, colors, opacities;
    std::vector<int64_t> segments;

    Sheet(int n, int s, int k, unsigned seed) : strokes(n), longest(s), knots(k) {
        std::mt19937 random(seed);
        std::uniform_real_distribution<float> unit(0, 1);
        for (int i = 0; i < n; i++) {
            segments.push_back(1 + int(random() % unsigned(s)));
            float x = 160 * unit(random) - 30, y = 120 * unit(random) - 20;
            const float step = i % 5 == 4 ? 0 : i % 7 == 6 ? 4000.0f : 25.0f;
            for (int j = 0; j < 3 * s + 1; j++) {
                points.push_back(i % 11 == 10 && j == 2 ? NAN : x);
                points.push_back(i % 13 == 12 && j == 1 ? INFINITY : y);
                x += step * (unit(random) - 0.5f), y += step * (unit(random) - 0.5f);
            }
            for (int j = 0; j < k; j++) widths.push_back(i % 9 == 8 ? -1 : 6 * unit(random));
            for (int j = 0; j < 3; j++) colors.push_back(unit(random));
            opacities.push_back(unit(random));
        }
    }

    Drawing drawing() const {
        return {points.data(), segments.data(), widths.data(), colors.data(), opacities.data(), strokes, longest, knots};
    }
};

static std::vector<float> draw(const std::vector<Sheet>& scenes, int height, int width, float softness, int channels, int threads) {
    const float paper[3] = {1, 0.9f, 0.8f};
    std::vector<Drawing> drawings;
    std::vector<std::vector<float>> parts;
    std::vector<Gradients> gradients;
    for (const Sheet& scene : scenes) {
        drawings.push_back(scene.drawing());
        for (const auto* like : {&scene.points, &scene.widths, &scene.colors, &scene.opacities}) parts.emplace_back(like->size());
    }
    for (size_t i = 0; i < parts.size(); i += 4)
        gradients.push_back({parts[i].data(), parts[i + 1].data(), parts[i + 2].data(), parts[i + 3].data()});
    std::vector<float> image(scenes.size() * size_t(channels * height * width)), weights(image.size());
    for (size_t i = 0; i < weights.size(); i++) weights[i] = sinf(float(i));
    void* tape = stylesketch_open();
    const int count = int(scenes.size());
    for (int again = 0; again < 2; again++) {
        if (stylesketch_forward(tape, drawings.data(), count, height, width, paper, softness, channels, 1, threads, image.data())) return {};
        if (stylesketch_backward(tape, weights.data(), gradients.data(), threads)) return {};
    }
    stylesketch_close(tape);
    for (const auto& part : parts) image.insert(image.end(), part.begin(), part.end());
    return image;
}

// A fit's error and gradients; nothing where they are not, bit by bit, those of the picture.
static std::vector<float> fit(const Sheet& scene, int height, int width, float softness, int channels, int threads) {
    const float paper[3] = {1, 0.9f, 0.8f};
    const Drawing drawing = scene.drawing();
    std::vector<std::vector<float>> parts;
    for (int again = 0; again < 2; again++)
        for (const auto* like : {&scene.points, &scene.widths, &scene.colors, &scene.opacities}) parts.emplace_back(like->size());
    const Gradients fitted = {parts[0].data(), parts[1].data(), parts[2].data(), parts[3].data()};
    const Gradients drawn = {parts[4].data(), parts[5].data(), parts[6].data(), parts[7].data()};
    std::vector<float> target(size_t(channels * height * width)), image(target.size());
    for (size_t i = 0; i < target.size(); i++) target[i] = sinf(float(i));
    void* tape = stylesketch_open();
    double total = -1;
    bool done = !stylesketch_fit(tape, &drawing, height, width, paper, softness, channels, threads, target.data(), &fitted, &total);
    done = done && !stylesketch_forward(tape, &drawing, 1, height, width, paper, softness, channels, 1, threads, image.data());
    const float scale = 1 / (float(channels) * float(height) * float(width));
    for (size_t i = 0; i < image.size(); i++) image[i] = 2 * scale * (image[i] - target[i]);
    done = done && !stylesketch_backward(tape, image.data(), &drawn, threads);
    stylesketch_close(tape);
    for (size_t i = 0; i < 4; i++) done = done && parts[i] == parts[4 + i];
    if (!done || !(total >= 0)) return {};
    parts[0].push_back(float(total));
    return parts[0];
}

static int compare(const char* name) {
    int wrong = 0;
    double sum = 0;  // which those of other instruction sets should be near to
    for (int knots : {1, 3, 7})
        for (float softness : {0.0f, 1.5f})
            for (int channels : {1, 3}) {
                const std::vector<Sheet> scenes = {Sheet(40, 3, knots, 1), Sheet(0, 1, 1, 2), Sheet(25, 6, 2, 3)};
                const auto expected = draw(scenes, 101, 133, softness, channels, 1);
                wrong += expected.empty();
                for (float value : expected) wrong += !isfinite(value), sum += fabs(double(value));
                std::vector<std::thread> callers;
                std::vector<int> same(4);
                for (size_t i = 0; i < same.size(); i++)
                    callers.emplace_back([&, i] { same[i] = draw(scenes, 101, 133, softness, channels, 1 + int(i)) == expected; });
                for (auto& caller : callers) caller.join();
                for (int one : same) wrong += !one;
                const auto once = fit(scenes[0], 101, 133, softness, channels, 1);
                wrong += once.empty();
                for (int threads : {2, 3, 4}) wrong += fit(scenes[0], 101, 133, softness, channels, threads) != once;
                wrong += fit(scenes[1], 101, 133, softness, channels, 2).empty();
                wrong += draw(scenes, 1, 1, softness, channels, 4).empty();
            }
    printf("%s: %d wrong, sum %.9g\n", name, wrong, sum);
    return wrong;
}

// How many pixels of a random grid another division gives to another side: one that begins with what flowed in the first.
static int divide(int height, int width, unsigned seed) {
    std::minstd_rand random(seed);
    std::vector<int32_t> links(size_t(4 * height * width)), terminals(size_t(height * width)), flow(links.size());
    for (int32_t& link : links) link = int32_t(random() % 1000);
    std::vector<uint8_t> once(terminals.size()), again(terminals.size());
    int wrong = 0;
    for (int round = 0; round < 3; round++) {
        for (int32_t& terminal : terminals) terminal = int32_t(random() % 6001) - 3000;
        std::vector<int32_t> none(links.size());
        wrong += stylesketch_min_cut(terminals.data(), links.data(), height, width, flow.data(), once.data());
        wrong += stylesketch_min_cut(terminals.data(), links.data(), height, width, none.data(), again.data());
        for (size_t i = 0; i < once.size(); i++) wrong += once[i] != again[i];
    }
    return wrong;
}

int main() {
    int wrong = divide(40, 53, 1) + divide(1, 9, 2) + divide(9, 1, 3) + divide(1, 1, 4), tried = 0;
    for (const char* name : {"avx512", "avx2", "sse4", "neon"})
        if (stylesketch_choose(name)) tried++, wrong += compare(name);
    return tried == 0 || wrong != 0;
}
