package asl

import (
	"slices"
	"strings"
)

func (p *parser) mapState(o *object, s *State, depth int) {
	processor := o.child("ItemProcessor")
	if legacy := o.child("Iterator"); processor == nil {
		processor = legacy
	}
	if processor == nil {
		p.fail(o.at, "A Map state needs an 'ItemProcessor'")
	} else {
		if c := processor.child("ProcessorConfig"); c != nil {
			switch mode := c.string("Mode"); mode {
			case "", "INLINE":
			case "DISTRIBUTED":
				s.Distributed = true
			default:
				p.fail(c.place("Mode"), "Value is not valid. Expected one of: INLINE, DISTRIBUTED")
			}
			switch kind := c.string("ExecutionType"); kind {
			case "", "STANDARD", "EXPRESS":
				s.express = kind == "EXPRESS"
			default:
				p.fail(c.place("ExecutionType"), "Value is not valid. Expected one of: STANDARD, EXPRESS")
			}
			c.done()
		}
		s.Branches = []*Flow{p.flow(processor, depth+1)}
		processor.done()
	}
	if s.Language == JSONata {
		if v, ok := o.get("Items"); ok {
			s.items = p.compileJSONata(o.place("Items"), "Items", v)
		}
	} else if v, ok := o.get("ItemsPath"); ok {
		text, isString := v.(string)
		if !isString {
			p.fail(o.place("ItemsPath"), "The value for the field 'ItemsPath' must be a valid JSONPath")
		} else {
			s.items = p.pathNode(o.place("ItemsPath"), "ItemsPath", text)
		}
	}
	if v, ok := o.get("ItemSelector"); ok {
		if s.itemSelector != nil {
			p.fail(o.at, "Only one of 'ItemSelector' and 'Parameters' may be given")
		}
		s.itemSelector = p.template(o.place("ItemSelector"), "ItemSelector", s.Language, v)
	}
	s.concurrency = p.number(o, s.Language, "MaxConcurrency")
	s.toleratedCount = p.number(o, s.Language, "ToleratedFailureCount")
	s.toleratedShare = p.number(o, s.Language, "ToleratedFailurePercentage")
	p.reader(o, s)
	p.writer(o, s)
	p.itemBatcher(o, s)
	s.label = o.string("Label")
}

func (p *parser) reader(o *object, s *State) {
	r := o.child("ItemReader")
	if r == nil {
		return
	}
	if !s.Distributed {
		p.fail(o.place("ItemReader"), "Field is only supported in a Map state of mode DISTRIBUTED")
	}
	s.itemReader = &itemReader{resource: r.string("Resource"), arguments: p.arguments(r, s, "ItemReader")}
	if c := r.child("ReaderConfig"); c != nil {
		s.itemReader.maxItems = p.number(c, s.Language, "MaxItems")
		fields := map[string]any{}
		for k, v := range c.fields {
			if k != "MaxItems" && k != "MaxItemsPath" {
				fields[k] = v
			}
		}
		s.itemReader.config = p.template(c.at, "ItemReader/ReaderConfig", s.Language, fields)
	}
	r.done()
}

// arguments reads what an ItemReader or ResultWriter calls its resource with.
func (p *parser) arguments(o *object, s *State, field string) *node {
	key := "Parameters"
	if s.Language == JSONata {
		key = "Arguments"
	}
	v, ok := o.get(key)
	if !ok {
		return nil
	}
	return p.template(o.place(key), field+"/"+key, s.Language, v)
}

func (p *parser) writer(o *object, s *State) {
	w := o.child("ResultWriter")
	if w == nil {
		return
	}
	if !s.Distributed {
		p.fail(o.place("ResultWriter"), "Field is only supported in a Map state of mode DISTRIBUTED")
	}
	s.resultWriter = &resultWriter{resource: w.string("Resource"), arguments: p.arguments(w, s, "ResultWriter")}
	c := w.child("WriterConfig")
	if c != nil {
		p.oneOf(c, "OutputType", "JSON", "JSONL")
		p.oneOf(c, "Transformation", transformNone, transformCompact, transformFlatten)
		s.resultWriter.config = p.template(c.at, "ResultWriter/WriterConfig", s.Language, c.fields)
		c.done()
	}
	if s.resultWriter.resource == "" && c == nil {
		p.fail(w.at, "A ResultWriter needs a 'Resource' or a 'WriterConfig'")
	}
	w.done()
}

// oneOf checks a text that has to be one of some.
func (p *parser) oneOf(o *object, key string, values ...string) {
	v := o.string(key)
	if _, given := o.fields[key]; given && !slices.Contains(values, v) {
		p.fail(o.place(key), "Value is not valid. Expected one of: "+strings.Join(values, ", "))
	}
}

func (p *parser) itemBatcher(o *object, s *State) {
	b := o.child("ItemBatcher")
	if b == nil {
		return
	}
	if !s.Distributed {
		p.fail(o.place("ItemBatcher"), "Field is only supported in a Map state of mode DISTRIBUTED")
	}
	s.batcher = &batcher{
		maxItems: p.number(b, s.Language, "MaxItemsPerBatch"),
		maxBytes: p.number(b, s.Language, "MaxInputBytesPerBatch"),
	}
	if s.batcher.maxItems == nil && s.batcher.maxBytes == nil {
		p.fail(b.at, "An ItemBatcher needs MaxItemsPerBatch or MaxInputBytesPerBatch")
	}
	if v, ok := b.get("BatchInput"); ok {
		s.batcher.input = p.template(b.place("BatchInput"), "ItemBatcher/BatchInput", s.Language, v)
	}
	b.done()
}
