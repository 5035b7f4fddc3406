// The Go SDK's side of the bench: the same workflows, the same words on the command line as engine_bench.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"
)

func greet(name string) (string, error) { return "Hello " + name, nil }

func greeting(ctx workflow.Context, name string) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	var result string
	err := workflow.ExecuteActivity(ctx, "BenchGreet", name).Get(ctx, &result)
	return result, err
}

func idle(ctx workflow.Context, _ string) (string, error) {
	var text string
	workflow.GetSignalChannel(ctx, "wake").Receive(ctx, &text)
	return text, nil
}

func replayed(ctx workflow.Context, timers, activities, atATime, signals int) (string, error) {
	wake := workflow.GetSignalChannel(ctx, "wake")
	for i := 0; i < timers; i++ {
		if err := workflow.Sleep(ctx, time.Second); err != nil {
			return "", err
		}
	}
	for begun := 0; begun < activities; {
		var batch []workflow.Future
		for end := min(begun+atATime, activities); begun < end; begun++ {
			options := workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second, ActivityID: "a" + strconv.Itoa(begun)}
			batch = append(batch, workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), "BenchGreet", "you"))
		}
		for _, future := range batch {
			var result string
			if err := future.Get(ctx, &result); err != nil {
				return "", err
			}
		}
	}
	for i := 0; i < signals; i++ {
		var text string
		wake.Receive(ctx, &text)
	}
	return "done", nil
}

type registry interface {
	RegisterWorkflowWithOptions(w interface{}, options workflow.RegisterOptions)
}

func register(r registry) {
	r.RegisterWorkflowWithOptions(greeting, workflow.RegisterOptions{Name: "BenchGreeting"})
	r.RegisterWorkflowWithOptions(idle, workflow.RegisterOptions{Name: "BenchIdle"})
	r.RegisterWorkflowWithOptions(replayed, workflow.RegisterOptions{Name: "BenchReplayed"})
}

func quiet() log.Logger {
	return log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
}

func runWorker(address, queue string) error {
	c, err := client.Dial(client.Options{HostPort: address, Logger: quiet()})
	if err != nil {
		return err
	}
	defer c.Close()
	worker.SetStickyWorkflowCacheSize(10_000)
	w := worker.New(c, queue, worker.Options{})
	register(w)
	w.RegisterActivityWithOptions(greet, activity.RegisterOptions{Name: "BenchGreet"})
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func replay(seconds float64, files []string) error {
	logger := quiet()
	replayer := worker.NewWorkflowReplayer()
	register(replayer)
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var recorded history.History
		if err := proto.Unmarshal(content, &recorded); err != nil {
			return err
		}
		var wall, cpu float64
		events := 0
		for wall < seconds {
			cpuBefore, before := cpuSeconds(), time.Now()
			if err := replayer.ReplayWorkflowHistory(logger, &recorded); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			wall += time.Since(before).Seconds()
			cpu += cpuSeconds() - cpuBefore
			events += len(recorded.Events)
		}
		line, err := json.Marshal(map[string]any{
			"case": strings.TrimSuffix(filepath.Base(path), ".bin"), "events": events, "wall_s": wall, "cpu_s": cpu})
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	return nil
}

func run(words []string) error {
	switch {
	case len(words) == 3 && words[0] == "worker":
		return runWorker(words[1], words[2])
	case len(words) > 2 && words[0] == "replay":
		seconds, err := strconv.ParseFloat(words[1], 64)
		if err != nil {
			return err
		}
		return replay(seconds, words[2:])
	}
	return fmt.Errorf("usage: worker ADDRESS QUEUE | replay SECONDS FILE")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
