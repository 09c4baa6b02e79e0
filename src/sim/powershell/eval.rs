//! Statements and expressions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tree_sitter::Node;

use super::Shell;
use super::failure::{ErrorRecord, Flow};
use super::members::{cast, full_name, member};
use super::operators::binary;
use super::source::{Source, child, children, inmost};
use super::value::{Block, Value};

/// Nesting beyond this is an endless recursion.
const DEEPEST: usize = 80;

pub(super) type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T, Flow>> + Send + 'a>>;

impl Shell {
    /// The statements of a block.
    pub(super) fn block<'a>(
        &'a mut self,
        node: Node<'a>,
        source: &'a Arc<Source>,
        out: &'a mut Vec<Value>,
    ) -> Running<'a, ()> {
        Box::pin(async move {
            for statement in children(node) {
                match statement.kind() {
                    "statement_list"
                    | "script_block"
                    | "script_block_body"
                    | "script_block_expression"
                    | "named_block_list"
                    | "statement_block" => self.block(statement, source, out).await?,
                    "named_block" => {
                        if let Some(inner) = child(statement, "statement_block") {
                            self.block(inner, source, out).await?;
                        }
                    }
                    _ => self.statement(statement, source, out).await?,
                }
            }
            Ok(())
        })
    }

    /// One statement; what it leaves goes to `out`.
    pub(super) fn statement<'a>(
        &'a mut self,
        node: Node<'a>,
        source: &'a Arc<Source>,
        out: &'a mut Vec<Value>,
    ) -> Running<'a, ()> {
        Box::pin(async move {
            match node.kind() {
                "pipeline" => self.pipeline(node, source, out).await,
                "if_statement" => self.if_statement(node, source, out).await,
                "foreach_statement" => self.foreach(node, source, out).await,
                "while_statement" | "do_statement" => self.looped(node, source, out).await,
                "for_statement" => self.for_loop(node, source, out).await,
                "switch_statement" => self.switch(node, source, out).await,
                "function_statement" => {
                    if let Some(name) = child(node, "function_name") {
                        let block = Block { source: Arc::clone(source), range: node.byte_range() };
                        self.functions.insert(source.of(name).to_lowercase(), block);
                    }
                    Ok(())
                }
                "flow_control_statement" => self.flow_control(node, source, out).await,
                "try_statement" => self.try_statement(node, source, out).await,
                "statement_list" | "statement_block" => self.block(node, source, out).await,
                _ => Ok(()),
            }
        })
    }

    async fn if_statement(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let mut condition = node.child_by_field_name("condition");
        let mut block = child(node, "statement_block");
        let clauses = child(node, "elseif_clauses").map(children).unwrap_or_default();
        let mut clauses = clauses.into_iter();
        while let (Some(asked), Some(then)) = (condition, block) {
            if self.value_of(asked, source).await?.truth() {
                return self.block(then, source, out).await;
            }
            let Some(clause) = clauses.next() else { break };
            condition = clause.child_by_field_name("condition");
            block = child(clause, "statement_block");
        }
        match child(node, "else_clause").and_then(|other| child(other, "statement_block")) {
            Some(other) => self.block(other, source, out).await,
            None => Ok(()),
        }
    }

    async fn foreach(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let (Some(variable), Some(over), Some(block)) =
            (child(node, "variable"), child(node, "pipeline"), child(node, "statement_block"))
        else {
            return Ok(());
        };
        let name = source.of(variable).trim_start_matches('$').to_owned();
        for item in self.value_of(over, source).await?.items() {
            self.set(&name, item);
            match self.block(block, source, out).await {
                Ok(()) | Err(Flow::Continue) => {}
                Err(Flow::Break) => break,
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    async fn looped(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let (Some(condition), Some(block)) =
            (node.child_by_field_name("condition"), child(node, "statement_block"))
        else {
            return Ok(());
        };
        let is_do = node.kind() == "do_statement";
        let until = children(node).iter().any(|child| child.kind() == "until");
        let mut first = is_do;
        loop {
            if !first && self.value_of(condition, source).await?.truth() == until {
                return Ok(());
            }
            first = false;
            self.rest().await?;
            match self.block(block, source, out).await {
                Ok(()) | Err(Flow::Continue) => {}
                Err(Flow::Break) => return Ok(()),
                Err(other) => return Err(other),
            }
        }
    }

    async fn for_loop(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let part = |name| node.child_by_field_name(name).and_then(|part| child(part, "pipeline"));
        let mut nothing = Vec::new();
        if let Some(first) = part("for_initializer") {
            self.pipeline(first, source, &mut nothing).await?;
        }
        let Some(block) = child(node, "statement_block") else { return Ok(()) };
        loop {
            if let Some(condition) = part("for_condition")
                && !self.value_of(condition, source).await?.truth()
            {
                return Ok(());
            }
            self.rest().await?;
            match self.block(block, source, out).await {
                Ok(()) | Err(Flow::Continue) => {}
                Err(Flow::Break) => return Ok(()),
                Err(other) => return Err(other),
            }
            if let Some(next) = part("for_iterator") {
                self.pipeline(next, source, &mut nothing).await?;
            }
        }
    }

    async fn switch(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let Some(over) = child(node, "switch_condition").and_then(|over| child(over, "pipeline")) else {
            return Ok(());
        };
        let clauses = child(node, "switch_body").and_then(|body| child(body, "switch_clauses"));
        let clauses = clauses.map(children).unwrap_or_default();
        for item in self.value_of(over, source).await?.items() {
            let mut matched = false;
            for clause in clauses.iter().filter(|clause| clause.kind() == "switch_clause") {
                let Some(case) = child(*clause, "switch_clause_condition") else { continue };
                let text = source.of(case).trim();
                let fits = if text.eq_ignore_ascii_case("default") {
                    !matched
                } else {
                    let case = match children(case).first() {
                        Some(inner) if inner.is_named() => self.expression(*inner, source).await?,
                        _ => text.into(),
                    };
                    item.equals(&case, false)
                };
                let Some(block) = child(*clause, "statement_block").filter(|_| fits) else { continue };
                matched = true;
                match self.block(block, source, out).await {
                    Ok(()) => {}
                    Err(Flow::Break) => return Ok(()),
                    Err(Flow::Continue) => break,
                    Err(other) => return Err(other),
                }
            }
        }
        Ok(())
    }

    async fn flow_control(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let word = node.child(0).map(|word| source.of(word).to_lowercase()).unwrap_or_default();
        let given = child(node, "pipeline");
        match word.as_str() {
            "break" => Err(Flow::Break),
            "continue" => Err(Flow::Continue),
            "return" => {
                if let Some(given) = given {
                    self.pipeline(given, source, out).await?;
                }
                Err(Flow::Return)
            }
            "exit" => {
                let code = match given {
                    Some(given) => self.value_of(given, source).await?.int().unwrap_or(0),
                    None => 0,
                };
                Err(Flow::Exit(code))
            }
            _ => {
                let value = match given {
                    Some(given) => self.value_of(given, source).await?,
                    None => "ScriptHalted".into(),
                };
                let record = match &value {
                    Value::Thing(thing) if thing.kind == "System.Management.Automation.ErrorRecord" => {
                        let text =
                            |name: &str| thing.member(name).map(|member| member.text()).unwrap_or_default();
                        ErrorRecord::new(
                            value.text(),
                            &text("FullyQualifiedErrorId"),
                            "System.Management.Automation.RuntimeException",
                        )
                    }
                    _ => {
                        let text = value.text();
                        let mut record = ErrorRecord::new(
                            text.clone(),
                            &text,
                            "System.Management.Automation.RuntimeException",
                        );
                        record.category = format!("OperationStopped: ({text}:String) [], RuntimeException");
                        record.target = Some(value);
                        record
                    }
                };
                Err(record.at(source, node).into())
            }
        }
    }

    async fn try_statement(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let Some(block) = child(node, "statement_block") else { return Ok(()) };
        let mut ended = self.block(block, source, out).await;
        if let Err(Flow::Throw(error)) = &ended {
            let clauses = child(node, "catch_clauses").map(children).unwrap_or_default();
            let fitting = clauses.into_iter().find(|clause| match child(*clause, "catch_type_list") {
                None => true,
                Some(types) => {
                    let names = source.of(types).to_lowercase();
                    let own = error.exception.to_lowercase();
                    names.contains(&format!("[{own}]"))
                        || names.contains("[system.exception]")
                        || names.contains("[exception]")
                        || names.contains(&format!("[{}]", own.trim_start_matches("system.")))
                }
            });
            if let Some(caught) = fitting.and_then(|clause| child(clause, "statement_block")) {
                let before = self.get("_");
                self.set("_", error.value());
                ended = self.block(caught, source, out).await;
                self.set("_", before);
            }
        }
        if let Some(last) = child(node, "finally_clause").and_then(|clause| child(clause, "statement_block"))
        {
            self.block(last, source, out).await?;
        }
        ended
    }

    /// What a pipeline leaves, as one value.
    pub(super) fn value_of<'a>(&'a mut self, node: Node<'a>, source: &'a Arc<Source>) -> Running<'a, Value> {
        Box::pin(async move {
            if !matches!(node.kind(), "pipeline" | "while_condition") {
                let mut out = Vec::new();
                self.statement(node, source, &mut out).await?;
                return Ok(Value::of(out));
            }
            let pipeline =
                if node.kind() == "pipeline" { node } else { child(node, "pipeline").unwrap_or(node) };
            // A lone expression keeps its array.
            if let Some(chain) = child(pipeline, "pipeline_chain")
                && chain.child_count() == 1
                && pipeline.child_count() == 1
                && let Some(only) = chain.child(0)
                && only.kind() != "command"
            {
                return self.expression(only, source).await;
            }
            let mut out = Vec::new();
            self.pipeline(pipeline, source, &mut out).await?;
            Ok(Value::of(out))
        })
    }

    async fn pipeline(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        for part in children(node) {
            match part.kind() {
                "assignment_expression" => {
                    self.assign(part, source).await?;
                }
                "pipeline_chain" => self.chain(part, source, out).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// `first | second | …`. What a stage wrote before it failed still goes on.
    async fn chain(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let stages: Vec<Node<'_>> = children(node)
            .into_iter()
            .filter(|part| part.is_named() && part.kind() != "redirections")
            .collect();
        let mut flowing: Option<Vec<Value>> = None;
        let mut failed = None;
        let mut nothing = true;
        for stage in stages {
            let mut made = Vec::new();
            let ended = if stage.kind() == "command" {
                nothing = false;
                self.command(stage, source, flowing.take(), &mut made).await
            } else {
                match self.expression(stage, source).await {
                    Ok(value) => {
                        let kind = inmost(stage).kind();
                        if !matches!(
                            kind,
                            "post_increment_expression"
                                | "post_decrement_expression"
                                | "pre_increment_expression"
                                | "pre_decrement_expression"
                        ) {
                            made.extend(value.items());
                        }
                        Ok(())
                    }
                    Err(flow) => Err(flow),
                }
            };
            flowing = Some(made);
            if let Err(flow) = ended {
                failed.get_or_insert(flow);
            }
        }
        if nothing {
            self.set("?", Value::Bool(true));
        }
        out.extend(flowing.unwrap_or_default());
        match failed {
            None => Ok(()),
            Some(Flow::Throw(error)) => {
                self.set("?", Value::Bool(false));
                Err(Flow::Throw(Box::new(error.at(source, node))))
            }
            Some(flow) => Err(flow),
        }
    }

    async fn assign(&mut self, node: Node<'_>, source: &Arc<Source>) -> Result<Value, Flow> {
        let parts = children(node);
        let (Some(left), Some(operator), Some(value)) =
            (parts.first(), parts.get(1), node.child_by_field_name("value"))
        else {
            return Ok(Value::Null);
        };
        let target = inmost(*left);
        let mut given = self.value_of(value, source).await?;
        let operator = source.of(*operator);
        if operator != "=" {
            let old = self.expression(target, source).await?;
            let sign = operator.trim_end_matches('=');
            given = binary(sign, &old, &given).map_err(|error| Flow::from(error.at(source, node)))?.0;
        }
        self.put(target, source, given.clone()).await?;
        Ok(given)
    }

    /// Writes a value where an expression says.
    fn put<'a>(&'a mut self, target: Node<'a>, source: &'a Arc<Source>, value: Value) -> Running<'a, ()> {
        Box::pin(async move {
            match target.kind() {
                "cast_expression" => {
                    let parts = children(target);
                    let (Some(kind), Some(inner)) = (parts.first(), parts.get(1)) else { return Ok(()) };
                    let name = source.of(*kind).trim_matches(['[', ']']).to_owned();
                    let value = self.cast_to(&name, &value, source, target)?;
                    self.put(inmost(*inner), source, value).await
                }
                "member_access" => {
                    let parts = children(target);
                    let (Some(of), Some(name)) = (parts.first(), parts.last()) else { return Ok(()) };
                    let of = self.expression(*of, source).await?;
                    let name = source.of(*name).to_owned();
                    match of {
                        Value::Thing(thing) => put_into(&mut thing.lock(), &name, value),
                        Value::Map(map) => put_into(&mut map.lock(), &name, value),
                        _ => {}
                    }
                    Ok(())
                }
                "element_access" => {
                    let parts = children(target);
                    let (Some(of), Some(index)) = (parts.first(), parts.get(2)) else { return Ok(()) };
                    let index = self.expression(*index, source).await?;
                    let holder = self.expression(*of, source).await?;
                    match holder {
                        Value::Map(map) => put_into(&mut map.lock(), &index.text(), value),
                        Value::List(list) => {
                            if let Some(slot) = index
                                .int()
                                .and_then(|at| list.lock().get_mut(at as usize).map(|slot| *slot = value))
                            {
                                return Ok(slot);
                            }
                        }
                        Value::Array(items) => {
                            let mut items = items.to_vec();
                            if let Some(slot) = index.int().and_then(|at| items.get_mut(at as usize)) {
                                *slot = value;
                            }
                            self.put(inmost(*of), source, Value::array(items)).await?;
                        }
                        _ => {}
                    }
                    Ok(())
                }
                _ => {
                    let name = source.of(target).trim_start_matches('$').trim_matches(['{', '}']).to_owned();
                    self.set(&name, value);
                    Ok(())
                }
            }
        })
    }

    fn cast_to(&self, name: &str, value: &Value, source: &Source, node: Node<'_>) -> Result<Value, Flow> {
        cast(name, value).ok_or_else(|| {
            let message = format!(
                "Cannot convert value \"{}\" to type \"{}\". Error: \"Input string was not in a correct format.\"",
                value.text(),
                full_name(name)
            );
            ErrorRecord::new(message, "InvalidCastFromStringToInteger", "System.Management.Automation.RuntimeException")
                .at(source, node)
                .into()
        })
    }

    /// An expression.
    pub(super) fn expression<'a>(
        &'a mut self,
        node: Node<'a>,
        source: &'a Arc<Source>,
    ) -> Running<'a, Value> {
        Box::pin(async move {
            let node = inmost(node);
            let text = source.of(node);
            let parts = children(node);
            match node.kind() {
                "decimal_integer_literal" | "real_literal" | "hexadecimal_integer_literal" => {
                    Ok(number(text))
                }
                "verbatim_string_characters" => {
                    let inner = &text[1..text.len().saturating_sub(1).max(1)];
                    Ok(inner.replace("''", "'").into())
                }
                "verbatim_here_string_characters" => Ok(here(text).into()),
                "expandable_string_literal" => self.expanded(node, source, 1, 1).await,
                "expandable_here_string_literal" => {
                    let from = text.find('\n').map_or(0, |at| at + 1);
                    let end = text
                        .rfind('\n')
                        .map_or(0, |at| text.len() - at + usize::from(text[..at].ends_with('\r')));
                    self.expanded(node, source, from, end).await
                }
                "variable" | "braced_variable" => {
                    Ok(self.get(text.trim_start_matches(['$', '@']).trim_matches(['{', '}'])))
                }
                "$_" | "$?" | "$$" | "$^" => Ok(self.get(&text[1..])),
                "type_literal" | "type_spec" => {
                    Ok(Value::Type(text.trim_start_matches('[').strip_suffix(']').unwrap_or(text).to_owned()))
                }
                "parenthesized_expression" => match child(node, "pipeline") {
                    Some(inner) => match child(inner, "assignment_expression") {
                        Some(assigned) => self.assign(assigned, source).await,
                        None => self.value_of(inner, source).await,
                    },
                    None => Ok(Value::Null),
                },
                "sub_expression" | "array_expression" => {
                    let mut out = Vec::new();
                    let lone = child(node, "statement_list").filter(|list| list.child_count() == 1);
                    if let (Some(list), "array_expression") = (lone, node.kind())
                        && let Some(only) = list.child(0).filter(|only| only.kind() == "pipeline")
                    {
                        return Ok(Value::array(self.value_of(only, source).await?.items()));
                    }
                    if let Some(list) = child(node, "statement_list") {
                        self.block(list, source, &mut out).await?;
                    }
                    Ok(if node.kind() == "array_expression" { Value::array(out) } else { Value::of(out) })
                }
                "script_block_expression" => {
                    Ok(Value::Script(Block { source: Arc::clone(source), range: node.byte_range() }))
                }
                "hash_literal_expression" => self.hash(node, source).await,
                "member_access" => self.access(node, source).await,
                "invokation_expression" => self.invocation(node, source).await,
                "element_access" => {
                    let (Some(of), Some(index)) = (parts.first(), parts.get(2)) else {
                        return Ok(Value::Null);
                    };
                    let of = self.expression(*of, source).await?;
                    let index = self.expression(*index, source).await?;
                    Ok(element(&of, &index))
                }
                "cast_expression" => {
                    let (Some(kind), Some(of)) = (parts.first(), parts.get(1)) else {
                        return Ok(Value::Null);
                    };
                    let name = source
                        .of(*kind)
                        .trim_start_matches('[')
                        .strip_suffix(']')
                        .unwrap_or_default()
                        .to_owned();
                    let value = self.expression(*of, source).await?;
                    self.cast_to(&name, &value, source, node)
                }
                "post_increment_expression"
                | "post_decrement_expression"
                | "pre_increment_expression"
                | "pre_decrement_expression" => {
                    let Some(of) = parts.iter().find(|part| part.is_named()) else { return Ok(Value::Null) };
                    let old = self.expression(*of, source).await?;
                    let by = if node.kind().contains("increment") { 1 } else { -1 };
                    let new = Value::Int(old.int().unwrap_or(0) + by);
                    self.put(inmost(*of), source, new.clone()).await?;
                    Ok(if node.kind().starts_with("post") { old } else { new })
                }
                "expression_with_unary_operator" => {
                    let (Some(operator), Some(of)) = (parts.first(), parts.last()) else {
                        return Ok(Value::Null);
                    };
                    let of = self.expression(*of, source).await?;
                    Ok(match source.of(*operator).to_lowercase().as_str() {
                        "!" | "-not" => Value::Bool(!of.truth()),
                        "-" => of.real().map_or(Value::Null, |real| {
                            if real.fract() == 0.0 { Value::Int(-(real as i64)) } else { Value::Real(-real) }
                        }),
                        "-bnot" => Value::Int(!of.int().unwrap_or(0)),
                        "," => Value::array(vec![of]),
                        "-join" => of.items().iter().map(Value::text).collect::<String>().into(),
                        "-split" => Value::array(of.text().split_whitespace().map(Value::from).collect()),
                        _ => of,
                    })
                }
                "array_literal_expression" => {
                    let mut items = Vec::new();
                    for part in parts.into_iter().filter(tree_sitter::Node::is_named) {
                        items.push(self.expression(part, source).await?);
                    }
                    Ok(Value::array(items))
                }
                kind if kind.ends_with("_expression") && parts.len() == 3 => {
                    let operator = source.of(parts[1]).to_lowercase();
                    let left = self.expression(parts[0], source).await?;
                    match operator.as_str() {
                        "-and" if !left.truth() => return Ok(Value::Bool(false)),
                        "-or" if left.truth() => return Ok(Value::Bool(true)),
                        _ => {}
                    }
                    let right = self.expression(parts[2], source).await?;
                    Ok(match operator.as_str() {
                        "-and" | "-or" => Value::Bool(right.truth()),
                        "-xor" => Value::Bool(left.truth() != right.truth()),
                        ".." => range(left.int().unwrap_or(0), right.int().unwrap_or(0)),
                        _ => {
                            let (value, groups) = binary(&operator, &left, &right)
                                .map_err(|error| Flow::from(error.at(source, node)))?;
                            if let Some(groups) = groups {
                                self.set("matches", Value::map(groups));
                            }
                            value
                        }
                    })
                }
                "command" | "pipeline" | "pipeline_chain" => self.value_of(node, source).await,
                // `1..3` where the grammar sees the name of a command.
                "command_name" | "generic_token" if text.contains("..") => {
                    let (from, to) = text.split_once("..").unwrap_or_default();
                    Ok(range(number(from).int().unwrap_or(0), number(to).int().unwrap_or(0)))
                }
                _ => Ok(text.into()),
            }
        })
    }

    /// The text of a `"…"`: `skip` bytes in front and `drop` behind are its quotes.
    async fn expanded(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        skip: usize,
        drop: usize,
    ) -> Result<Value, Flow> {
        let (mut at, end) = (node.start_byte() + skip, node.end_byte() - drop);
        let mut out = String::new();
        for part in children(node)
            .into_iter()
            .filter(|part| matches!(part.kind(), "variable" | "sub_expression" | "braced_variable"))
        {
            out.push_str(&escapes(&source.text[at..part.start_byte().max(at)]));
            out.push_str(&self.expression(part, source).await?.text());
            at = part.end_byte();
        }
        out.push_str(&escapes(source.text.get(at..end).unwrap_or_default()));
        Ok(out.into())
    }

    async fn hash(&mut self, node: Node<'_>, source: &Arc<Source>) -> Result<Value, Flow> {
        let mut entries = Vec::new();
        for entry in child(node, "hash_literal_body").map(children).unwrap_or_default() {
            let parts = children(entry);
            let (Some(key), Some(value)) = (parts.first(), parts.get(2)) else { continue };
            let key = match inmost(*key) {
                name if name.kind() == "simple_name" => source.of(name).trim().to_owned(),
                other => self.expression(other, source).await?.text(),
            };
            let value = self.value_of(*value, source).await?;
            entries.push((key, value));
        }
        Ok(Value::map(entries))
    }

    async fn access(&mut self, node: Node<'_>, source: &Arc<Source>) -> Result<Value, Flow> {
        let parts = children(node);
        let (Some(of), Some(sign), Some(name)) = (parts.first(), parts.get(1), parts.get(2)) else {
            return Ok(Value::Null);
        };
        let of = self.expression(*of, source).await?;
        let name = self.member_name(*name, source).await?;
        Ok(match of {
            Value::Type(of) if source.of(*sign) == "::" => self.static_member(&of, &name),
            of => member(&of, &name),
        })
    }

    async fn member_name(&mut self, node: Node<'_>, source: &Arc<Source>) -> Result<String, Flow> {
        let name = inmost(node);
        if name.kind() == "simple_name" {
            return Ok(source.of(name).trim().to_owned());
        }
        Ok(self.expression(name, source).await?.text())
    }

    async fn invocation(&mut self, node: Node<'_>, source: &Arc<Source>) -> Result<Value, Flow> {
        let parts = children(node);
        let (Some(of), Some(sign), Some(name)) = (parts.first(), parts.get(1), parts.get(2)) else {
            return Ok(Value::Null);
        };
        let of = self.expression(*of, source).await?;
        let name = self.member_name(*name, source).await?;
        let mut args = Vec::new();
        let list = parts.last().and_then(|list| child(*list, "argument_expression_list"));
        for part in list.map(children).unwrap_or_default().into_iter().filter(tree_sitter::Node::is_named) {
            args.push(self.expression(part, source).await?);
        }
        if let (Value::Script(block), "invoke" | "invokereturnasis") = (&of, name.to_lowercase().as_str()) {
            let mut out = Vec::new();
            self.invoke(block, Vec::new(), args, &mut out).await?;
            return Ok(Value::of(out));
        }
        let made = match &of {
            Value::Type(of) if source.of(*sign) == "::" => self.static_call(of, &name, &args),
            of => self.call(of, &name, &args),
        };
        made.map_err(|error| error.at(source, node).into())
    }

    /// Runs a script block or a function in a scope of its own.
    pub(super) fn invoke<'a>(
        &'a mut self,
        block: &'a Block,
        named: Vec<(String, Value)>,
        args: Vec<Value>,
        out: &'a mut Vec<Value>,
    ) -> Running<'a, ()> {
        Box::pin(async move {
            if self.depth >= DEEPEST {
                let message = "The script failed due to call depth overflow.";
                return Err(ErrorRecord::new(
                    message,
                    "CallDepthOverflow",
                    "System.Management.Automation.RuntimeException",
                )
                .into());
            }
            self.depth += 1;
            self.scopes.push(std::collections::BTreeMap::new());
            let ended = self.in_scope(block, named, args, out).await;
            self.scopes.pop();
            self.depth -= 1;
            match ended {
                Err(Flow::Return) => Ok(()),
                other => other,
            }
        })
    }

    /// The same in the scope that is there, as `ForEach-Object` does.
    pub(super) async fn in_scope(
        &mut self,
        block: &Block,
        named: Vec<(String, Value)>,
        args: Vec<Value>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let Some(node) = block.node() else { return Ok(()) };
        let source = &block.source;
        let params = source.syntax.nodes().find(|inner| {
            matches!(inner.kind(), "param_block" | "function_parameter_declaration")
                && inner.start_byte() >= node.start_byte()
                && inner.end_byte() <= node.end_byte()
                && first_braces(*inner, node)
        });
        match params {
            Some(params) => self.bind(params, source, named, args).await?,
            None => self.set("args", Value::array(args)),
        }
        for part in children(node) {
            if matches!(
                part.kind(),
                "script_block" | "statement_list" | "script_block_body" | "script_block_expression"
            ) {
                self.block(part, source, out).await?;
            }
        }
        Ok(())
    }

    /// Gives parameters their values.
    pub(super) async fn bind(
        &mut self,
        params: Node<'_>,
        source: &Arc<Source>,
        named: Vec<(String, Value)>,
        args: Vec<Value>,
    ) -> Result<(), Flow> {
        let mut args = args.into_iter();
        for param in child(params, "parameter_list").map(children).unwrap_or_default() {
            if param.kind() != "script_parameter" {
                continue;
            }
            let Some(variable) = child(param, "variable") else { continue };
            let name = source.of(variable).trim_start_matches('$').to_lowercase();
            let given = named
                .iter()
                .find(|(own, _)| name.starts_with(&own.to_lowercase()))
                .map(|(_, value)| value.clone());
            let value = match given.or_else(|| args.next()) {
                Some(value) => value,
                None => match child(param, "script_parameter_default").and_then(|default| default.child(1)) {
                    Some(default) => self.expression(default, source).await?,
                    None => Value::Null,
                },
            };
            let kind = child(param, "attribute_list").map(|list| source.of(list).trim().to_owned());
            let kind = kind
                .and_then(|list| list.rsplit('[').next().map(|last| last.trim_end_matches(']').to_owned()));
            let value = match kind.filter(|kind| !kind.contains('(') && !value.is_null()) {
                Some(kind) => self.cast_to(&kind, &value, source, param)?,
                None => value,
            };
            self.set(&name, value);
        }
        self.set("args", Value::array(args.collect()));
        Ok(())
    }

    /// Lets the machine do something else, so that Ctrl-C reaches an endless loop.
    pub(super) async fn rest(&mut self) -> Result<(), Flow> {
        self.process.console.sleep(std::time::Duration::from_millis(1)).await.map_err(|_| Flow::Interrupted)
    }
}

/// Whether a parameter list belongs to the block itself, not to one inside of it.
fn first_braces(params: Node<'_>, block: Node<'_>) -> bool {
    let mut above = params.parent();
    while let Some(node) = above {
        if node.byte_range() == block.byte_range() {
            return true;
        }
        if matches!(node.kind(), "script_block_expression" | "function_statement") {
            return false;
        }
        above = node.parent();
    }
    true
}

fn put_into(members: &mut Vec<(String, Value)>, name: &str, value: Value) {
    match members.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
        Some((_, slot)) => *slot = value,
        None => members.push((name.to_owned(), value)),
    }
}

fn element(of: &Value, index: &Value) -> Value {
    match of {
        Value::Map(map) => super::value::find(&map.lock(), &index.text()).unwrap_or(Value::Null),
        Value::Text(text) => {
            let chars: Vec<char> = text.chars().collect();
            at(chars.len(), index.int()).map_or(Value::Null, |place| chars[place].to_string().into())
        }
        many => {
            let items = many.items();
            if index.is_many() {
                return Value::array(index.items().iter().map(|index| element(many, index)).collect());
            }
            at(items.len(), index.int()).map_or(Value::Null, |place| items[place].clone())
        }
    }
}

fn at(length: usize, index: Option<i64>) -> Option<usize> {
    let index = index?;
    let place = if index < 0 { length as i64 + index } else { index };
    usize::try_from(place).ok().filter(|place| *place < length)
}

pub(super) fn range(from: i64, to: i64) -> Value {
    let items: Vec<i64> = if from <= to { (from..=to).collect() } else { (to..=from).rev().collect() };
    Value::array(items.into_iter().map(Value::Int).collect())
}

pub(super) fn number(text: &str) -> Value {
    let lower = text.trim().to_lowercase();
    let units = [("kb", 1i64 << 10), ("mb", 1 << 20), ("gb", 1 << 30), ("tb", 1 << 40)];
    let (digits, unit) = units
        .into_iter()
        .find_map(|(name, unit)| {
            lower.strip_suffix(name).filter(|_| !lower.starts_with("0x")).map(|digits| (digits, unit))
        })
        .unwrap_or((&lower, 1));
    if let Some(hex) = digits.strip_prefix("0x") {
        return i64::from_str_radix(hex.trim_end_matches('l'), 16).map_or(Value::Null, Value::Int);
    }
    let digits = digits.trim_end_matches(['l', 'd']);
    match digits.parse::<i64>() {
        Ok(number) => Value::Int(number * unit),
        Err(_) => digits.parse::<f64>().map_or(text.into(), |real| Value::Real(real * unit as f64)),
    }
}

fn here(text: &str) -> String {
    let from = text.find('\n').map_or(0, |at| at + 1);
    let end = text.rfind('\n').unwrap_or(from).max(from);
    text[from..end].trim_end_matches('\r').to_owned()
}

/// The backtick's escapes, and doubled quotes.
fn escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '`' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('0') => out.push('\0'),
                Some('a') => out.push('\u{7}'),
                Some(other) => out.push(other),
                None => {}
            },
            '"' if chars.peek() == Some(&'"') => {
                chars.next();
                out.push('"');
            }
            c => out.push(c),
        }
    }
    out
}
